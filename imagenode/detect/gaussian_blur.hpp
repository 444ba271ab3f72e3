#pragma once

#include <cstdint>
#include <vector>

#include "common/image.hpp"
#include "imagenode/detect/roi.hpp"

namespace imagenode {

/// Gaussian blur of 8-bit grey, sigma from the kernel size: bit for bit OpenCV's GaussianBlur(kernel, 0) on a picture
/// of its own. That one works in fixed point and rounds once at the end, so its result is the exact sum of weighted
/// pixels, and any order of adding up gives it; this one's order suits vector instructions. Bound to one thread.
class GaussianBlur {
 public:
  /// `kernel_size` in pixels, odd.
  explicit GaussianBlur(int kernel_size);

  /// Blurs a region of a picture; pixels outside the region are not looked at, its edges are reflected. `out` is used
  /// again.
  void blur(const common::Image& gray, const RoiPixels& region, common::Image& out);

 private:
  void add_up_rows(const common::Image& gray, const RoiPixels& region, int y);
  void reflect_ends(int width);
  void add_up_columns(std::size_t width);

  int radius_;
  std::vector<std::uint16_t> weights_;  ///< from the end to the middle, in 1/256; the whole kernel makes 256
  std::vector<std::uint16_t> sums_;     ///< one row, blurred from top to bottom, with a radius more at both ends
  std::vector<std::uint32_t> totals_;   ///< the same row, blurred from left to right too
  std::vector<std::uint8_t> zeros_;
  std::vector<std::uint16_t> zero_sums_;
};

}  // namespace imagenode
