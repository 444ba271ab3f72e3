#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace imagenode {

/// How often an action may be carried out.
struct ActionLimitSettings {
  double cool_down_s = 0;      ///< from one event that is answered to the next
  std::optional<int> at_most;  ///< so many ...
  double within_s = 3600;      ///< ... within any span of that length
};

/// Says of each event whether it is answered. One thread at a time.
class ActionLimits {
 public:
  explicit ActionLimits(const ActionLimitSettings& settings);

  enum class Verdict { go, cooling_down, too_many };
  /// A `go` counts as carried out at that time, of the monotonic clock.
  Verdict ask(std::int64_t now_ns);

 private:
  std::int64_t cool_down_ns_;
  std::optional<std::size_t> at_most_;
  std::int64_t within_ns_;
  std::optional<std::int64_t> last_ns_;
  std::deque<std::int64_t> times_ns_;  // within the span; none without at_most
};

}  // namespace imagenode
