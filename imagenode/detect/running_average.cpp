#include "imagenode/detect/running_average.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "common/vector_clones.hpp"

namespace imagenode {
namespace {

/// Adding it leaves no bits for a fraction, so the FPU rounds to the nearest whole number, halves to the even one, as
/// cvRound does.
constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52

/// One row; returns whether anything was marked. Pointers without overlap and no branches, so that the compiler makes
/// vector instructions of it.
VECTOR_CLONES bool add_row(double* __restrict average, const std::uint8_t* __restrict gray,
                           std::uint8_t* __restrict mask, std::size_t count, int threshold) {
  unsigned any = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Half the sum is the sum of the halves to the last bit: halving only counts down the exponent.
    const double value = (average[i] + gray[i]) * 0.5;
    average[i] = value;
    const int delta = std::abs(gray[i] - static_cast<int>((value + kRounder) - kRounder));
    const unsigned mark = delta > threshold ? 255U : 0U;
    mask[i] = static_cast<std::uint8_t>(mark);
    any |= mark;
  }
  return any != 0;
}

}  // namespace

RoiPixels RunningAverage::add(const common::Image& gray, int threshold) {
  const auto width = static_cast<std::size_t>(gray.width);
  if (mask_.width != gray.width || mask_.height != gray.height) {
    mask_ = common::Image::make(gray.width, gray.height, 1);
    average_.assign(gray.pixels.begin(), gray.pixels.end());
    columns_.resize(width);
  }
  RoiPixels box{0, 0, 0, 0};
  for (int y = 0; y < gray.height; ++y) {
    const std::size_t at = static_cast<std::size_t>(y) * width;
    std::uint8_t* marks = mask_.pixels.data() + at;
    if (!add_row(average_.data() + at, gray.pixels.data() + at, marks, width, threshold)) continue;
    if (box.y2 == 0) {
      box.y1 = y;
      std::fill(columns_.begin(), columns_.end(), std::uint8_t{0});
    }
    box.y2 = y + 1;
    for (std::size_t x = 0; x < width; ++x) columns_[x] = static_cast<std::uint8_t>(columns_[x] | marks[x]);
  }
  if (box.y2 == 0) return box;
  const auto marked = [](std::uint8_t mark) { return mark != 0; };
  box.x1 = static_cast<int>(std::find_if(columns_.begin(), columns_.end(), marked) - columns_.begin());
  box.x2 = static_cast<int>(columns_.rend() - std::find_if(columns_.rbegin(), columns_.rend(), marked));
  return box;
}

}  // namespace imagenode
