#include "imagenode/link/return_probe.hpp"

#include <exception>

#include "common/log.hpp"

namespace imagenode {

ReturnProbe::ReturnProbe(std::int64_t interval_ns, std::int64_t patience_ns, First first, Greet greet)
    : interval_ns_(interval_ns), patience_ns_(patience_ns), first_(std::move(first)), greet_(std::move(greet)) {}

void ReturnProbe::restart(std::int64_t now_ns) {
  greeting_.reset();
  answered_ = false;
  next_ns_ = now_ns + interval_ns_;
}

ReturnProbe::Advice ReturnProbe::look(std::int64_t now_ns, bool anything_under_way) {
  if (!greeting_ && now_ns >= next_ns_) ask(now_ns);
  if (!greeting_) return Advice::stay;
  const auto state = state_of_greeting(now_ns);
  if (state == Greeting::State::failed) restart(now_ns);
  if (state != Greeting::State::answered) return Advice::stay;
  if (!answered_) {
    answered_ = true;
    next_ns_ = now_ns + patience_ns_;
  }
  return anything_under_way && now_ns < next_ns_ ? Advice::finish : Advice::leave;
}

/// A question that fails must not cost the connection that is in use.
Greeting::State ReturnProbe::state_of_greeting(std::int64_t now_ns) {
  try {
    return greeting_->look(now_ns);
  } catch (const std::exception& error) {
    common::log::warn(error.what());
    return Greeting::State::failed;
  }
}

void ReturnProbe::ask(std::int64_t now_ns) {
  restart(now_ns);
  const std::string address = first_();
  if (address.empty()) return;
  try {
    greeting_ = greet_(address);
    next_ns_ = greeting_->deadline_ns();
  } catch (const std::exception& error) {
    common::log::warn(error.what());
  }
}

}  // namespace imagenode
