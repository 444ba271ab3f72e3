#pragma once

#include <cstdint>
#include <optional>

#include "imagenode/gpio/gpio_chip.hpp"

namespace imagenode {

/// Takes a change of level for one only when it has lasted for some time: contacts bounce. A change has the time at
/// which it began. One thread.
class Debounce {
 public:
  Debounce(bool active, std::int64_t quiet_ns) : quiet_ns_(quiet_ns), level_(active), state_(active) {}

  /// An edge has come, or a level was seen that may be the one of before. Returns the change that is certain by then.
  std::optional<Edge> see(const Edge& edge);

  /// Nothing has come until then.
  std::optional<Edge> pass(std::int64_t monotonic_ns);

  /// When a change gets certain if nothing comes before.
  std::optional<std::int64_t> due_ns() const;

  bool state() const { return state_; }

 private:
  const std::int64_t quiet_ns_;
  bool level_;  // as last seen
  bool state_;  // as last told
  std::int64_t level_since_ns_ = 0;
};

}  // namespace imagenode
