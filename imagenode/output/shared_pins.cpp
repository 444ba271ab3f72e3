#include "imagenode/output/shared_pins.hpp"

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {

void SharedPin::take() {
  const std::lock_guard lock(mutex_);
  if (!line_) apply(false);
}

std::uint64_t SharedPin::set(bool on) {
  const std::lock_guard lock(mutex_);
  ++switchings_;
  apply(on);
  return switchings_;
}

void SharedPin::end(std::uint64_t switching) {
  const std::lock_guard lock(mutex_);
  if (switching == switchings_) apply(false);
}

void SharedPin::let_go() {
  const std::lock_guard lock(mutex_);
  if (!line_) return;
  try {
    line_->set(false);
  } catch (const GpioError& error) {
    common::log::warn(common::cat("pin ", address_.line, " could not be switched off: ", error.what()));
  }
  line_.reset();
}

void SharedPin::apply(bool on) {
  try {
    if (!line_) line_ = open_output(chips_, address_, on);
    line_->set(on);
  } catch (const GpioError&) {
    line_.reset();
    throw;
  }
}

std::shared_ptr<SharedPin> SharedPins::at(const GpioAddress& address) {
  const std::lock_guard lock(mutex_);
  auto& pin = pins_[{address.chip, address.line, address.active_low}];
  if (!pin) pin = std::make_shared<SharedPin>(chips_, address);
  return pin;
}

void SharedPins::let_go() {
  const std::lock_guard lock(mutex_);
  for (const auto& [address, pin] : pins_) pin->let_go();
}

void SharedPins::let_go_unused() {
  const std::lock_guard lock(mutex_);
  std::erase_if(pins_, [](const auto& entry) {
    const bool is_unused = entry.second.use_count() == 1;
    if (is_unused) entry.second->let_go();
    return is_unused;
  });
}

}  // namespace imagenode
