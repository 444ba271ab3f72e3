#include "imagenode/detect/mean_colour.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

namespace imagenode {
namespace {

constexpr double kBrightest = 255;
constexpr double kLeastColour = 0.02 * kBrightest;

std::array<double, 3> mean_of(const common::Image& bgr, const RoiPixels& part) {
  const cv::Mat all(bgr.height, bgr.width, CV_8UC3, const_cast<std::uint8_t*>(bgr.pixels.data()));
  const cv::Scalar mean = cv::mean(all(cv::Rect(part.x1, part.y1, part.width(), part.height())));
  return {mean[0], mean[1], mean[2]};
}

}  // namespace

Hsv hsv_of(double blue, double green, double red) {
  const double most = std::max({blue, green, red});
  const double range = most - std::min({blue, green, red});
  Hsv hsv;
  hsv.value = 100 * most / kBrightest;
  hsv.saturation = most > 0 ? 100 * range / most : 0;
  if (range < kLeastColour) return hsv;
  if (most == red) {
    hsv.hue = std::fmod(60 * (green - blue) / range + 360, 360);
  } else if (most == green) {
    hsv.hue = 60 * (blue - red) / range + 120;
  } else {
    hsv.hue = 60 * (red - green) / range + 240;
  }
  return hsv;
}

std::array<double, 3> mean_bgr(const Frame& frame, const RoiPercent& region, int scale) {
  if (frame.form() == PixelForm::jpeg) {
    const common::Image& bgr = frame.bgr(scale);
    return mean_of(bgr, roi_in(region, bgr.width, bgr.height));
  }
  const common::Image part = frame.bgr_part(roi_in(region, frame.width(), frame.height()));
  return mean_of(part, {0, 0, part.width, part.height});
}

}  // namespace imagenode
