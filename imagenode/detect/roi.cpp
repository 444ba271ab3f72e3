#include "imagenode/detect/roi.hpp"

#include <algorithm>
#include <cmath>

namespace imagenode {

double percent_of(double percent, double size) {
  const double hundredfold = percent * size;
  return std::floor((hundredfold - std::fmod(hundredfold, 100)) / 100 + 0.5);
}

namespace {
int pixel_of(double percent, int size) {
  return static_cast<int>(percent_of(percent, size));
}
}  // namespace

RoiPixels roi_in(const RoiPercent& roi, int width, int height) {
  RoiPixels pixels;
  pixels.x1 = std::clamp(pixel_of(roi.x1, width), 0, width - 1);
  pixels.y1 = std::clamp(pixel_of(roi.y1, height), 0, height - 1);
  pixels.x2 = std::clamp(pixel_of(roi.x2, width), pixels.x1 + 1, width);
  pixels.y2 = std::clamp(pixel_of(roi.y2, height), pixels.y1 + 1, height);
  return pixels;
}

}  // namespace imagenode
