#pragma once

#include <vector>

#include "common/image.hpp"
#include "imagenode/detect/roi.hpp"

namespace imagenode {

/// The average of a stream of grey pictures, half of it the newest, and where the newest departs from it. One pass
/// does what OpenCV's accumulateWeighted (0.5, double), convertScaleAbs, absdiff and threshold do in four, with the
/// same results to the last bit. Bound to one thread.
class RunningAverage {
 public:
  /// Takes the picture into the average (the first one is the average; so is one of another size) and marks in mask()
  /// the pixels that differ by more than `threshold` grey values. Returns the box around the marks; empty (width 0)
  /// without any.
  RoiPixels add(const common::Image& gray, int threshold);

  /// 255 where the latest picture differed, else 0.
  const common::Image& mask() const { return mask_; }

  /// The average in grey values, row by row.
  const std::vector<double>& values() const { return average_; }

 private:
  std::vector<double> average_;
  common::Image mask_;
  std::vector<std::uint8_t> columns_;  ///< marks of all rows, joined
};

}  // namespace imagenode
