#include "imagenode/frame/frame.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/jpeg.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

/// Pixel memory of frames that were trimmed, for the next frames of the thread: a camera's frames are all of one size,
/// and fresh memory for each costs more than the analysis of a small one.
constexpr std::size_t kSpareBuffers = 4;
thread_local std::vector<common::Bytes> spare_buffers;

common::Bytes take_buffer(std::size_t size) {
  const auto fits = [size](const common::Bytes& buffer) { return buffer.size() == size; };
  const auto found = std::find_if(spare_buffers.begin(), spare_buffers.end(), fits);
  if (found == spare_buffers.end()) return common::Bytes(size);
  common::Bytes buffer = std::move(*found);
  spare_buffers.erase(found);
  return buffer;
}

void give_buffer(common::Image& image) {
  if (!image.empty()) {
    if (spare_buffers.size() == kSpareBuffers) spare_buffers.erase(spare_buffers.begin());
    spare_buffers.push_back(std::move(image.pixels));
  }
  image = {};
}

void shape(common::Image& image, int width, int height, int channels) {
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.bytes_per_sample = 1;
  if (image.pixels.size() != image.size_bytes()) image.pixels = take_buffer(image.size_bytes());
}

/// OpenCV's view of the pixels; the memory stays the image's.
cv::Mat mat_of(common::Image& image) {
  return {image.height, image.width, CV_8UC(image.channels), image.pixels.data()};
}

/// OpenCV has no read-only matrix; what this gives is only read.
cv::Mat mat_of(const common::Payload& data, int width, int height, int type, std::size_t offset = 0) {
  return {height, width, type, const_cast<std::uint8_t*>(data.view().data() + offset)};
}

std::size_t required_bytes(PixelForm form, int width, int height) {
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  switch (form) {
    case PixelForm::jpeg:
      return 1;
    case PixelForm::yuv420:
      return pixels + pixels / 2;
    case PixelForm::yuyv:
    case PixelForm::gray16:
      return pixels * 2;
    case PixelForm::bgr:
      return pixels * 3;
    case PixelForm::gray8:
      return pixels;
  }
  return 0;
}

cv::Rect rect_of(const RoiPixels& part) {
  return {part.x1, part.y1, part.width(), part.height()};
}

/// The part made larger until it begins and ends where a colour sample of two pixels does.
RoiPixels even(const RoiPixels& part) {
  return {part.x1 / 2 * 2, part.y1 / 2 * 2, (part.x2 + 1) / 2 * 2, (part.y2 + 1) / 2 * 2};
}

/// Full range, which cv::COLOR_YUV2BGR_I420 is not.
cv::Mat yuv420_to_bgr(const common::Payload& data, int width, int height, const RoiPixels& part) {
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const RoiPixels wide = even(part);
  const cv::Rect small = rect_of({wide.x1 / 2, wide.y1 / 2, wide.x2 / 2, wide.y2 / 2});
  const cv::Mat y = mat_of(data, width, height, CV_8UC1)(rect_of(wide));
  const cv::Mat u = mat_of(data, width / 2, height / 2, CV_8UC1, pixels)(small);
  const cv::Mat v = mat_of(data, width / 2, height / 2, CV_8UC1, pixels + pixels / 4)(small);
  cv::Mat cb;
  cv::Mat cr;
  cv::resize(u, cb, y.size(), 0, 0, cv::INTER_LINEAR);
  cv::resize(v, cr, y.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat merged;
  cv::merge(std::vector<cv::Mat>{y, cr, cb}, merged);
  cv::Mat bgr;
  cv::cvtColor(merged, bgr, cv::COLOR_YCrCb2BGR);
  return bgr(rect_of({part.x1 - wide.x1, part.y1 - wide.y1, part.x2 - wide.x1, part.y2 - wide.y1}));
}

}  // namespace

const char* name_of(PixelForm form) {
  switch (form) {
    case PixelForm::jpeg:
      return "jpeg";
    case PixelForm::yuv420:
      return "yuv420";
    case PixelForm::yuyv:
      return "yuyv";
    case PixelForm::bgr:
      return "bgr";
    case PixelForm::gray8:
      return "gray8";
    case PixelForm::gray16:
      return "gray16";
  }
  return "";
}

Frame::Frame(PixelForm form, int width, int height, common::Payload data, CaptureTime time, std::int64_t number)
    : form_(form), width_(width), height_(height), data_(std::move(data)), time_(time), number_(number) {
  if (width <= 0 || height <= 0 || data_.size() < required_bytes(form, width, height)) {
    throw std::invalid_argument(
        common::cat("a ", name_of(form), " frame of ", width, 'x', height, " cannot have ", data_.size(), " bytes"));
  }
  if (form == PixelForm::yuv420 && (width % 2 != 0 || height % 2 != 0)) {
    throw std::invalid_argument("a yuv420 frame has an even width and height");
  }
}

std::size_t Frame::index_of(int scale) {
  const auto index = static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(scale)));
  if (index >= kScales || scale != 1 << index) throw std::invalid_argument("the scale is 1, 2, 4 or 8");
  return index;
}

const common::Image& Frame::gray(int scale, Decoding decoding) const {
  // Grey cameras have no colour to decode.
  if (is_gray()) decoding = Decoding::luminance;
  common::Image& image = gray_[static_cast<std::size_t>(decoding)][index_of(scale)];
  if (image.empty()) make_gray(scale, decoding, image);
  return image;
}

void Frame::make_gray(int scale, Decoding decoding, common::Image& out) const {
  if (form_ == PixelForm::jpeg && decoding == Decoding::luminance) {
    common::Image decoded;
    // Damaged data throws here, before anything is kept.
    shape(decoded, (width_ + scale - 1) / scale, (height_ + scale - 1) / scale, 1);
    common::decode_gray(data_.view(), scale, decoded);
    out = std::move(decoded);
    return;
  }
  if (scale > 1) {
    gray(1, decoding);
    common::Image& full = gray_[static_cast<std::size_t>(decoding)][0];
    shape(out, (full.width + scale - 1) / scale, (full.height + scale - 1) / scale, 1);
    cv::resize(mat_of(full), mat_of(out), cv::Size(out.width, out.height), 0, 0, cv::INTER_AREA);
    return;
  }
  if (decoding == Decoding::full || form_ == PixelForm::bgr) {
    bgr();
    shape(out, bgr_[0].width, bgr_[0].height, 1);
    cv::cvtColor(mat_of(bgr_[0]), mat_of(out), cv::COLOR_BGR2GRAY);
    return;
  }
  shape(out, width_, height_, 1);
  switch (form_) {
    case PixelForm::yuyv:
      cv::extractChannel(mat_of(data_, width_, height_, CV_8UC2), mat_of(out), 0);
      break;
    case PixelForm::gray16: {
      // Rows of camera data need not be aligned to two bytes.
      const std::uint8_t* in = data_.view().data() + (std::endian::native == std::endian::little ? 1 : 0);
      for (std::uint8_t& pixel : out.pixels) {
        pixel = *in;
        in += 2;
      }
      break;
    }
    default:
      // The Y plane comes first, and is all of a grey picture.
      std::memcpy(out.pixels.data(), data_.view().data(), out.pixels.size());
      break;
  }
}

const common::Image& Frame::bgr(int scale) const {
  common::Image& image = bgr_[index_of(scale)];
  if (image.empty()) make_bgr(scale, image);
  return image;
}

void Frame::make_bgr(int scale, common::Image& out) const {
  if (form_ == PixelForm::jpeg) {
    common::Image decoded;
    shape(decoded, (width_ + scale - 1) / scale, (height_ + scale - 1) / scale, 3);
    common::decode_bgr(data_.view(), scale, decoded);
    out = std::move(decoded);
    return;
  }
  if (scale > 1) {
    bgr();
    common::Image& full = bgr_[0];
    shape(out, (full.width + scale - 1) / scale, (full.height + scale - 1) / scale, 3);
    cv::resize(mat_of(full), mat_of(out), cv::Size(out.width, out.height), 0, 0, cv::INTER_AREA);
    return;
  }
  shape(out, width_, height_, 3);
  switch (form_) {
    case PixelForm::yuv420:
      yuv420_to_bgr(data_, width_, height_, {0, 0, width_, height_}).copyTo(mat_of(out));
      break;
    case PixelForm::yuyv:
      cv::cvtColor(mat_of(data_, width_, height_, CV_8UC2), mat_of(out), cv::COLOR_YUV2BGR_YUYV);
      break;
    case PixelForm::bgr:
      std::memcpy(out.pixels.data(), data_.view().data(), out.pixels.size());
      break;
    default: {
      gray();
      cv::cvtColor(mat_of(gray_[0][0]), mat_of(out), cv::COLOR_GRAY2BGR);
      break;
    }
  }
}

common::Image Frame::bgr_part(const RoiPixels& part) const {
  if (form_ == PixelForm::jpeg || !bgr_[0].empty()) return cut_out(bgr(), part);
  require_inside(part, width_, height_);
  common::Image out = common::Image::make(part.width(), part.height(), 3);
  switch (form_) {
    case PixelForm::yuv420:
      yuv420_to_bgr(data_, width_, height_, part).copyTo(mat_of(out));
      break;
    case PixelForm::yuyv: {
      const RoiPixels wide{even(part).x1, part.y1, even(part).x2, part.y2};
      cv::Mat bgr;
      cv::cvtColor(mat_of(data_, width_, height_, CV_8UC2)(rect_of(wide)), bgr, cv::COLOR_YUV2BGR_YUYV);
      bgr(rect_of({part.x1 - wide.x1, 0, part.x2 - wide.x1, part.height()})).copyTo(mat_of(out));
      break;
    }
    case PixelForm::bgr:
      mat_of(data_, width_, height_, CV_8UC3)(rect_of(part)).copyTo(mat_of(out));
      break;
    default:
      gray();
      cv::cvtColor(mat_of(gray_[0][0])(rect_of(part)), mat_of(out), cv::COLOR_GRAY2BGR);
      break;
  }
  return out;
}

const common::Payload& Frame::jpeg(int quality) const {
  if (form_ == PixelForm::jpeg) return data_;
  if (jpeg_ && jpeg_quality_ == quality) return *jpeg_;
  switch (form_) {
    case PixelForm::yuv420:
      jpeg_ = common::Payload(common::encode_jpeg_yuv420(data_.view(), width_, height_, quality));
      break;
    case PixelForm::gray8:
    case PixelForm::gray16:
      jpeg_ = common::Payload(common::encode_jpeg(gray(), quality));
      break;
    default:
      jpeg_ = common::Payload(common::encode_jpeg(bgr(), quality));
      break;
  }
  jpeg_quality_ = quality;
  return *jpeg_;
}

void Frame::trim() const {
  for (auto& scales : gray_) {
    for (common::Image& image : scales) give_buffer(image);
  }
  for (common::Image& image : bgr_) give_buffer(image);
}

}  // namespace imagenode
