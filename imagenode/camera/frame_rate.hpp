#pragma once

#include <cstdint>
#include <deque>

#include "common/clock.hpp"

namespace imagenode {

/// Frames per second over the last five seconds. Not thread-safe.
class FrameRate {
 public:
  void count(std::int64_t monotonic_ns) {
    times_.push_back(monotonic_ns);
    forget(monotonic_ns);
  }

  double per_second(std::int64_t now_ns) {
    forget(now_ns);
    if (times_.size() < 2 || times_.back() == times_.front()) return 0;
    return static_cast<double>(times_.size() - 1) * common::kSecond /
           static_cast<double>(times_.back() - times_.front());
  }

 private:
  void forget(std::int64_t now_ns) {
    constexpr std::int64_t kWindow = 5 * common::kSecond;
    constexpr std::size_t kMost = 1000;  // a replay may run at thousands per second
    while (!times_.empty() && (now_ns - times_.front() > kWindow || times_.size() > kMost)) times_.pop_front();
  }

  std::deque<std::int64_t> times_;
};

}  // namespace imagenode
