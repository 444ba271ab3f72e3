#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace imagenode {

/// How fast a value changes: the slope of the straight line that fits the readings of a time window best (least
/// squares). Readings of each sixtieth of the window are taken together, so that memory is bounded however many come.
class Slope {
 public:
  explicit Slope(std::int64_t window_ns);

  /// Times never go back.
  void add(double value, std::int64_t at_ns);

  /// Per second. Nothing until readings reach back as far as the window. When they come less often than that, from one
  /// to the next.
  std::optional<double> per_second() const;

 private:
  struct Part {
    std::int64_t first_ns = 0;
    double count = 0;
    double seconds = 0;  // sum, from first_ns on
    double values = 0;   // sum
  };

  const std::int64_t window_ns_;
  const std::int64_t part_ns_;
  std::deque<Part> parts_;
  std::int64_t newest_ns_ = 0;
};

}  // namespace imagenode
