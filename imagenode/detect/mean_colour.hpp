#pragma once

#include <array>
#include <optional>

#include "imagenode/detect/roi.hpp"
#include "imagenode/frame/frame.hpp"

/// The colour of a region as people name it. Thread-safe but for the frame.
namespace imagenode {

/// As colour pickers show it (OpenCV's 8-bit form has hue / 2, and 2.55 times the others).
struct Hsv {
  std::optional<double> hue;  ///< degrees, 0 (red) to below 360; none when there is hardly any colour
  double saturation = 0;      ///< percent
  double value = 0;           ///< percent
};

/// Of a colour with parts from 0 to 255; after A. R. Smith, "Color gamut transform pairs" (1978). There is no hue where
/// the parts differ by less than 2 % of 255: the rest of colour in a grey picture is noise and white balance.
Hsv hsv_of(double blue, double green, double red);

/// Mean of blue, green and red in the region. A JPEG is decoded at 1/scale of its size; of other forms the region alone
/// is looked at.
std::array<double, 3> mean_bgr(const Frame& frame, const RoiPercent& region, int scale);

}  // namespace imagenode
