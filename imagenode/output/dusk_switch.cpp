#include "imagenode/output/dusk_switch.hpp"

namespace imagenode {

bool DuskSwitch::is_on(std::int64_t now_ns) {
  const bool may_change = !on_ || now_ns >= since_ns_ + hold_ns_;
  if (dark_ != on_ && may_change) {
    on_ = dark_;
    since_ns_ = now_ns;
  }
  return on_.value_or(false);
}

std::optional<std::int64_t> DuskSwitch::due_ns() const {
  if (dark_ == on_ || !on_) return std::nullopt;
  return since_ns_ + hold_ns_;
}

}  // namespace imagenode
