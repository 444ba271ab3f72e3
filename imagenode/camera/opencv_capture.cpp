#include "imagenode/camera/opencv_capture.hpp"

#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <utility>

#include "common/jpeg.hpp"
#include "imagenode/camera/frame_source.hpp"
#include "imagenode/camera/jpeg_packet.hpp"

namespace imagenode {

std::string fourcc_of(const cv::VideoCapture& capture) {
  const auto code = static_cast<std::uint32_t>(capture.get(cv::CAP_PROP_FOURCC));
  std::string text;
  for (unsigned shift = 0; shift < 32; shift += 8) text += static_cast<char>(code >> shift & 0xFFU);
  return text;
}

common::ByteView bytes_of(const cv::Mat& packet) {
  return {packet.data, packet.total() * packet.elemSize()};
}

FramePtr frame_of_picture(const cv::Mat& picture, CaptureTime time, std::int64_t number) {
  if (picture.depth() != CV_8U || (picture.channels() != 1 && picture.channels() != 3)) {
    throw SourceError("the capture gives pictures that are neither 8-bit BGR nor grey");
  }
  const cv::Mat rows = picture.isContinuous() ? picture : picture.clone();
  const common::ByteView view = bytes_of(rows);
  const PixelForm form = picture.channels() == 1 ? PixelForm::gray8 : PixelForm::bgr;
  common::Payload pixels(common::Bytes(view.begin(), view.end()));
  return std::make_shared<const Frame>(form, picture.cols, picture.rows, std::move(pixels), time, number);
}

FramePtr frame_of_jpeg_packet(common::ByteView packet, CaptureTime time, std::int64_t number) {
  auto jpeg = jpeg_from_packet(packet);
  if (!jpeg) return nullptr;
  try {
    const common::JpegSize size = common::jpeg_size(*jpeg);
    return std::make_shared<const Frame>(PixelForm::jpeg, size.width, size.height, common::Payload(std::move(*jpeg)),
                                         time, number);
  } catch (const common::JpegError&) {
    return nullptr;
  }
}

}  // namespace imagenode
