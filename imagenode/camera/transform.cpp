#include "imagenode/camera/transform.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

namespace imagenode {

Transform transform_of(const CameraSettings& settings) {
  return {settings.vflip && !settings.is_pi_camera(), settings.resize_width};
}

FrameSize resized(int width, int height, double percent) {
  const int new_width = std::max(1, static_cast<int>(std::floor(width * percent / 100)));
  const double ratio = static_cast<double>(new_width) / width;
  return {new_width, std::max(1, static_cast<int>(height * ratio))};
}

FramePtr transformed(const FramePtr& frame, const Transform& transform) {
  if (!transform.any()) return frame;
  const common::Image& bgr = frame->bgr();
  // OpenCV has no type for a picture that is only read.
  cv::Mat picture(bgr.height, bgr.width, CV_8UC3, const_cast<std::uint8_t*>(bgr.pixels.data()));
  if (transform.half_turn) {
    cv::Mat turned;
    cv::flip(picture, turned, -1);
    picture = turned;
  }
  FrameSize size{bgr.width, bgr.height};
  if (transform.resize_width) size = resized(bgr.width, bgr.height, *transform.resize_width);
  common::Image out = common::Image::make(size.width, size.height, 3);
  cv::Mat result(size.height, size.width, CV_8UC3, out.pixels.data());
  if (transform.resize_width) {
    cv::resize(picture, result, result.size(), 0, 0, cv::INTER_AREA);
  } else {
    picture.copyTo(result);
  }
  return std::make_shared<const Frame>(PixelForm::bgr, size.width, size.height, common::Payload(std::move(out.pixels)),
                                       frame->time(), frame->number());
}

}  // namespace imagenode
