#include "common/picture.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "common/text.hpp"

namespace common {
namespace {

constexpr std::int64_t kMaxSide = 65'535;

std::int64_t channels_of(const ArrayForm& form) {
  return form.shape.size() == 3 ? form.shape[2] : 1;
}

}  // namespace

std::optional<std::string> cannot_store(const ArrayForm& form) {
  const bool is_picture = form.shape.size() == 2 || form.shape.size() == 3;
  if (!is_picture) return cat("a picture has 2 or 3 dimensions, this array ", form.shape.size());
  if (form.shape[0] < 1 || form.shape[1] < 1 || form.shape[0] > kMaxSide || form.shape[1] > kMaxSide) {
    return cat("a picture has 1 to ", kMaxSide, " pixels on each side");
  }
  const std::int64_t channels = channels_of(form);
  if (form.dtype == "uint8" && (channels == 1 || channels == 3 || channels == 4)) return std::nullopt;
  if (form.dtype == "uint16" && (channels == 1 || channels == 3)) return std::nullopt;
  return cat("no picture of ", channels, " channels of ", form.dtype,
             "; stored are uint8 with 1, 3 or 4 and uint16 with 1 or 3");
}

StoredPicture to_stored_picture(const Message& message) {
  if (!message.array) return {message.payload, ".jpg"};
  const auto& shape = message.array->shape;
  const int depth = message.array->dtype == "uint16" ? CV_16U : CV_8U;
  const cv::Mat pixels(static_cast<int>(shape[0]), static_cast<int>(shape[1]),
                       CV_MAKETYPE(depth, static_cast<int>(channels_of(*message.array))),
                       const_cast<std::uint8_t*>(message.payload.view().data()));
  Bytes png;
  // The fastest level: the writers keep up with cameras, and any level is without loss.
  if (!cv::imencode(".png", pixels, png, {cv::IMWRITE_PNG_COMPRESSION, 1})) {
    throw std::runtime_error("OpenCV cannot encode the array as PNG");
  }
  return {Payload(std::move(png)), ".png"};
}

}  // namespace common
