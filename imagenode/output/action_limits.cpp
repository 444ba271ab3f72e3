#include "imagenode/output/action_limits.hpp"

#include "common/clock.hpp"

namespace imagenode {

ActionLimits::ActionLimits(const ActionLimitSettings& settings)
    : cool_down_ns_(common::to_ns(settings.cool_down_s)),
      at_most_(settings.at_most),
      within_ns_(common::to_ns(settings.within_s)) {}

ActionLimits::Verdict ActionLimits::ask(std::int64_t now_ns) {
  if (last_ns_ && now_ns < *last_ns_ + cool_down_ns_) return Verdict::cooling_down;
  while (!times_ns_.empty() && now_ns >= times_ns_.front() + within_ns_) times_ns_.pop_front();
  if (at_most_ && times_ns_.size() >= *at_most_) return Verdict::too_many;
  last_ns_ = now_ns;
  if (at_most_) times_ns_.push_back(now_ns);
  return Verdict::go;
}

}  // namespace imagenode
