#pragma once

#include <cstdint>
#include <deque>

#include "common/clock.hpp"

namespace imagenode {

/// How much of the backlog may be under way, so that a new message never waits behind more of it than the link takes in
/// about half a second: as many bytes as were acknowledged within the last half second. Not thread-safe.
class LateShare {
 public:
  void acknowledged(std::uint64_t bytes, std::int64_t now_ns) {
    recent_.push_back({now_ns, bytes});
    sum_ += bytes;
    forget(now_ns);
  }

  /// Whether one more of so many bytes may go when so many are under way. One message always may.
  bool allows(std::uint64_t late_under_way, std::uint64_t bytes, std::int64_t now_ns) {
    forget(now_ns);
    return late_under_way == 0 || late_under_way + bytes <= sum_;
  }

  void reset() {
    recent_.clear();
    sum_ = 0;
  }

 private:
  static constexpr std::int64_t kSpan = common::kSecond / 2;
  struct Sample {
    std::int64_t ns;
    std::uint64_t bytes;
  };

  void forget(std::int64_t now_ns) {
    for (; !recent_.empty() && recent_.front().ns + kSpan < now_ns; recent_.pop_front()) sum_ -= recent_.front().bytes;
  }

  std::deque<Sample> recent_;
  std::uint64_t sum_ = 0;
};

}  // namespace imagenode
