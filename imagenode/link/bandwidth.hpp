#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/clock.hpp"

namespace imagenode {

/// Spreads what a link sends so that its mean stays within a number of kbit/s. Not thread-safe.
class Bandwidth {
 public:
  explicit Bandwidth(std::optional<int> kbit_per_s) : kbit_per_s_(kbit_per_s) {}

  /// When the next message may go; not later than `now_ns` when it may go at once.
  std::int64_t next_ns() const { return next_ns_; }

  void sent(std::uint64_t bytes, std::int64_t now_ns) {
    if (!kbit_per_s_) return;
    const std::int64_t ns_per_byte = 8 * common::kSecond / (std::int64_t{*kbit_per_s_} * 1000);
    next_ns_ = std::max(next_ns_, now_ns) + static_cast<std::int64_t>(bytes) * ns_per_byte;
  }

 private:
  std::optional<int> kbit_per_s_;
  std::int64_t next_ns_ = 0;
};

}  // namespace imagenode
