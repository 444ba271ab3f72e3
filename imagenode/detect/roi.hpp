#pragma once

namespace imagenode {

/// A region of interest as the settings give it: two corners in percent of width and height.
struct RoiPercent {
  double x1 = 0;
  double y1 = 0;
  double x2 = 100;
  double y2 = 100;
};

/// The same in pixels of one picture; the far sides are exclusive.
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

/// `percent * size // 100` with Python's floor division, which is exact where rounding the quotient could go up.
double percent_of(double percent, double size);

/// The region in a picture of this size. The picture of a scaled analysis is just a smaller one. Never empty: what is
/// thinner than a pixel becomes one pixel wide.
RoiPixels roi_in(const RoiPercent& roi, int width, int height);

}  // namespace imagenode
