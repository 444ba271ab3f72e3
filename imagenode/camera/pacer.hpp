#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "imagenode/camera/frame_source.hpp"

namespace imagenode {

/// Lets frames pass at a fixed rate, the first one at once. Who comes late is not made up for by a burst beyond one
/// second. Bound to the thread of its source.
class Pacer {
 public:
  explicit Pacer(SourceSeams seams) : seams_(std::move(seams)) {}

  /// 0 frames per second: no waiting.
  void start(double fps) {
    period_ns_ = fps > 0 ? static_cast<std::int64_t>(common::kSecond / fps) : 0;
    next_ns_.reset();
  }

  void wait_for_turn(const std::stop_token& stop) {
    if (period_ns_ == 0) return;
    const std::int64_t now = seams_.clock.monotonic_ns();
    if (!next_ns_ || now - *next_ns_ > common::kSecond) next_ns_ = now;
    if (*next_ns_ > now) seams_.wait(stop, *next_ns_ - now);
    *next_ns_ += period_ns_;
  }

 private:
  SourceSeams seams_;
  std::int64_t period_ns_ = 0;
  std::optional<std::int64_t> next_ns_;
};

}  // namespace imagenode
