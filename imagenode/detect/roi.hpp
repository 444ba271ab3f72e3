#pragma once

#include "imagenode/frame/roi_pixels.hpp"

namespace imagenode {

/// A region of interest as the settings give it: two corners in percent of width and height.
struct RoiPercent {
  double x1 = 0;
  double y1 = 0;
  double x2 = 100;
  double y2 = 100;

  bool operator==(const RoiPercent&) const = default;
};

/// `percent * size // 100` with Python's floor division, which is exact where rounding the quotient could go up.
double percent_of(double percent, double size);

/// The region in a picture of this size. The picture of a scaled analysis is just a smaller one. Never empty: what is
/// thinner than a pixel becomes one pixel wide.
RoiPixels roi_in(const RoiPercent& roi, int width, int height);

}  // namespace imagenode
