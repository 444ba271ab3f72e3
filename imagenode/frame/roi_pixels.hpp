#pragma once

#include "common/image.hpp"

namespace imagenode {

/// A part of one picture in pixels; the far sides are exclusive.
struct RoiPixels {
  int x1 = 0;
  int y1 = 0;
  int x2 = 0;
  int y2 = 0;

  int width() const { return x2 - x1; }
  int height() const { return y2 - y1; }
  double area() const { return static_cast<double>(width()) * height(); }
  bool operator==(const RoiPixels&) const = default;
};

/// Throws std::out_of_range when the part is empty or does not lie in a picture of this size. Thread-safe.
void require_inside(const RoiPixels& part, int width, int height);

/// A copy of a part of a picture, which must lie in it. Thread-safe.
common::Image cut_out(const common::Image& image, const RoiPixels& part);

}  // namespace imagenode
