#include "imagenode/detect/picture_maker.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "common/jpeg.hpp"
#include "imagenode/detect/drawing.hpp"

namespace imagenode {
namespace {

common::ArrayForm array_form(const common::Image& image) {
  common::ArrayForm form{image.bytes_per_sample == 2 ? "uint16" : "uint8", {image.height, image.width}};
  if (image.channels > 1) form.shape.push_back(image.channels);
  return form;
}

/// Size and samples of a frame that is an array already, without its pixels.
bool is_array(const Frame& frame, common::Image& shape) {
  shape.width = frame.width();
  shape.height = frame.height();
  shape.channels = frame.form() == PixelForm::bgr ? 3 : 1;
  shape.bytes_per_sample = frame.form() == PixelForm::gray16 ? 2 : 1;
  return frame.form() == PixelForm::bgr || frame.is_gray();
}

/// A JPEG has the size that its own header says.
cv::Size size_of(const Frame& frame) {
  if (frame.form() == PixelForm::jpeg) return {frame.bgr().width, frame.bgr().height};
  return {frame.width(), frame.height()};
}

common::Image gray_part(const common::Image& gray, const PictureForm& form) {
  return cut_out(gray, roi_in(form.part, gray.width, gray.height));
}

/// All bits of grey samples that are wider than a byte.
common::Image wide_gray(const Frame& frame) {
  common::Image image{frame.width(), frame.height(), 1, 2, {}};
  const auto samples = frame.data().view().first(image.size_bytes());
  image.pixels.assign(samples.begin(), samples.end());
  return image;
}

common::Image to_gray(const common::Image& bgr) {
  common::Image gray = common::Image::make(bgr.width, bgr.height, 1);
  const cv::Mat in(bgr.height, bgr.width, CV_8UC3, const_cast<std::uint8_t*>(bgr.pixels.data()));
  cv::Mat out(gray.height, gray.width, CV_8UC1, gray.pixels.data());
  cv::cvtColor(in, out, cv::COLOR_BGR2GRAY);
  return gray;
}

}  // namespace

PictureMaker::PictureMaker(SendType send_type, int jpeg_quality, std::vector<DetectorSettings> detectors)
    : send_type_(send_type),
      jpeg_quality_(jpeg_quality),
      detectors_(std::move(detectors)),
      draws_(std::any_of(detectors_.begin(), detectors_.end(), draws)) {}

void PictureMaker::put(const Frame& frame, const PictureForm& form, common::Message& message) const {
  if (draws_) {
    put(drawn(frame, form), message);
  } else {
    put_form(frame, form, message);
  }
}

common::Image PictureMaker::drawn(const Frame& frame, const PictureForm& form) const {
  const cv::Size size = size_of(frame);
  const RoiPixels part = roi_in(form.part, size.width, size.height);
  common::Image picture = frame.bgr_part(part);
  for (const DetectorSettings& detector : detectors_) {
    // Around a picture of the region alone there is nothing to be shown by its outline.
    if (form.is_whole() || detector.roi != form.part) {
      draw_region(detector, roi_in(detector.roi, size.width, size.height), {part.x1, part.y1}, picture);
    }
    draw_stamp(detector, frame.time(), picture);
  }
  return form.gray ? to_gray(picture) : picture;
}

void PictureMaker::put_form(const Frame& frame, const PictureForm& form, common::Message& message) const {
  const bool as_array = send_type_ == SendType::image;
  if (form.gray && !frame.is_gray()) {
    put_gray(frame, form, message);
  } else if (!form.is_whole() && frame.is_gray()) {
    const bool wide = as_array && frame.form() == PixelForm::gray16;
    put(gray_part(wide ? wide_gray(frame) : frame.gray(), form), message);
  } else if (!form.is_whole()) {
    const cv::Size size = size_of(frame);
    put(frame.bgr_part(roi_in(form.part, size.width, size.height)), message);
  } else if (!as_array) {
    message.payload = frame.jpeg(jpeg_quality_);
  } else if (common::Image shape; is_array(frame, shape)) {
    message.payload = common::Payload(frame.data().view().first(shape.size_bytes()), frame.data().owner());
    message.array = array_form(shape);
  } else {
    put(frame.bgr(), message);
  }
}

void PictureMaker::put_gray(const Frame& frame, const PictureForm& form, common::Message& message) const {
  if (!form.is_whole()) {
    put(gray_part(frame.gray(), form), message);
    return;
  }
  if (send_type_ == SendType::jpg && frame.form() == PixelForm::jpeg) {
    if (auto gray = common::without_colour(frame.data().view())) {
      message.payload = common::Payload(std::move(*gray));
      return;
    }
  }
  put(frame.gray(), message);
}

void PictureMaker::put(const common::Image& picture, common::Message& message) const {
  if (send_type_ == SendType::image) {
    message.payload = common::Payload(picture.pixels);
    message.array = array_form(picture);
  } else {
    message.payload = common::Payload(common::encode_jpeg(picture, jpeg_quality_));
  }
}

}  // namespace imagenode
