// gpio: switches a pin, on or off until another action switches it, or on for a moment. At a stop a pulse goes on for a
// second at most: what opens a valve or feeds by portions gets its time, a siren ends.

#include <algorithm>
#include <memory>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "imagenode/output/action_registry.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::int64_t kLongestAtStop = common::kSecond;

struct GpioActionSettings {
  GpioAddress address;
  bool on = true;
  double pulse_s = 0;  // 0: until it is switched again
};

class GpioDeed final : public Deed {
 public:
  GpioDeed(const GpioActionSettings& settings, const DeedSeams& seams)
      : settings_(settings), pin_(seams.pins.at(settings.address)), wait_(seams.wait) {}

  void prepare() override { pin_->take(); }

  void carry_out(const common::Message&, const std::stop_token& stop) override {
    const auto switching = pin_->set(settings_.on);
    if (settings_.pulse_s == 0) return;
    const std::int64_t pulse_ns = common::to_ns(settings_.pulse_s);
    const common::SystemClock clock;
    const std::int64_t end_ns = clock.monotonic_ns() + pulse_ns;
    wait_(stop, pulse_ns);
    if (stop.stop_requested()) {
      wait_({}, std::clamp<std::int64_t>(end_ns - clock.monotonic_ns(), 0, kLongestAtStop));
    }
    pin_->end(switching);
  }

  std::string plan(const common::Message&) const override {
    const std::string pin = cat("pin ", settings_.address.line, settings_.on ? " on" : " off");
    return settings_.pulse_s == 0 ? pin : cat(pin, " for ", settings_.pulse_s, " s");
  }

 private:
  const GpioActionSettings settings_;
  const std::shared_ptr<SharedPin> pin_;
  const common::Wait wait_;
};

ActionKind read_settings(common::Section& section, const KnownViews&) {
  GpioActionSettings settings;
  settings.address = GpioAddress::read(section, "");
  section.read("set", settings.on);
  section.read_duration("pulse", settings.pulse_s, 1, {0.001, 3600});
  if (section.has("set") == section.has("pulse")) {
    section.problem("pulse", "either set, on or off, or pulse, a time such as 500ms, is needed");
  }
  const auto make = [settings](const DeedSeams& seams) { return std::make_unique<GpioDeed>(settings, seams); };
  return {make, settings.pulse_s};
}

const RegisterAction registered("gpio", read_settings);

}  // namespace
}  // namespace imagenode
