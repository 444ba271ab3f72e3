// gpio: an input of the computer: a PIR motion sensor, a door contact, a button; or one whose pulses are counted: a
// rain gauge, a flow meter.

#include <algorithm>
#include <optional>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "imagenode/gpio/gpio_line.hpp"
#include "imagenode/reading/event_text.hpp"
#include "imagenode/sensor/debounce.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "imagenode/sensor/registry.hpp"
#include "imagenode/sensor/scaling.hpp"

namespace imagenode {
namespace {

using common::cat;

/// Shorter than any door or person, longer than contacts bounce.
constexpr double kContactBounces = 0.01;

struct GpioSettings {
  GpioAddress address;
  Pull pull = Pull::as_is;
  double debounce_s = kContactBounces;
  std::string on_text;
  std::string off_text;
  bool pulses = false;
  Scaling scaling;  // of pulses
  std::string label;
};

class GpioInput final : public Sensor {
 public:
  GpioInput(GpioSettings settings, const SensorSeams& seams) : settings_(std::move(settings)), chips_(seams.gpio) {}

  std::vector<Reading> read(const std::stop_token&) override {
    return with_line([this] {
      std::vector<Reading> readings;
      look_at_level(readings);
      return std::vector{settings_.pulses ? taken_count() : state({debounce_->state(), 0})};
    });
  }

  bool watches() const override { return true; }

  std::vector<Reading> watch(const std::stop_token& stop, std::int64_t until_ns) override {
    return with_line([&] {
      std::vector<Reading> readings = wait_for_changes(stop, until_ns);
      // At the end of all: what has been counted so far must not be lost.
      if (stop.stop_requested() && pulses_ > 0) readings.push_back(taken_count());
      return readings;
    });
  }

 private:
  /// Takes the line when it is not ours, and gives it up when it fails.
  template <typename Work>
  std::vector<Reading> with_line(const Work& work) {
    try {
      if (!line_) {
        line_ = open_input(chips_, settings_.address, settings_.pull);
        debounce_.emplace(line_->is_active(), common::to_ns(settings_.debounce_s));
      }
      return work();
    } catch (const GpioError& error) {
      line_.reset();
      throw SensorError(error.what());
    }
  }

  std::vector<Reading> wait_for_changes(const std::stop_token& stop, std::int64_t until_ns) {
    const std::int64_t first_ns = std::min(until_ns, debounce_->due_ns().value_or(until_ns));
    const std::vector<Edge> edges = line_->wait(stop, first_ns);
    std::vector<Reading> readings;
    for (const Edge& edge : edges) {
      seen_ns_ = edge.monotonic_ns;
      take(debounce_->see(edge), readings);
    }
    if (edges.empty() && !stop.stop_requested()) {
      seen_ns_ = first_ns;
      take(debounce_->pass(first_ns), readings);
    }
    if (edges.size() >= kKeptEdges) look_at_level(readings);
    return readings;
  }

  /// The kernel may have had no room for the newest edges.
  void look_at_level(std::vector<Reading>& readings) { take(debounce_->see({line_->is_active(), seen_ns_}), readings); }

  void take(const std::optional<Edge>& change, std::vector<Reading>& readings) {
    if (!change) return;
    if (!settings_.pulses) {
      readings.push_back(state(*change));
    } else if (change->active) {
      ++pulses_;
    }
  }

  Reading state(const Edge& edge) const {
    Reading reading;
    reading.fields["state"] = edge.active ? 1 : 0;
    reading.monotonic_ns = edge.monotonic_ns;
    reading.text = edge.active ? settings_.on_text : settings_.off_text;
    return reading;
  }

  /// The pulses since the last reading; counting begins anew. `total` differs whenever there were any, so that a
  /// reading of as many as before is told too.
  Reading taken_count() {
    Reading reading;
    reading.fields["value"] = settings_.scaling.of(pulses_);
    if (!settings_.scaling.unit.empty()) reading.units["value"] = settings_.scaling.unit;
    reading.text = text_of(settings_.label, reading);
    total_ += pulses_;
    reading.fields["pulses"] = pulses_;
    reading.fields["total"] = total_;
    pulses_ = 0;
    return reading;
  }

  const GpioSettings settings_;
  const GpioChips chips_;
  std::unique_ptr<InputLine> line_;
  std::optional<Debounce> debounce_;  // of the line
  std::int64_t seen_ns_ = 0;          // until when edges are known
  double pulses_ = 0;
  double total_ = 0;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  GpioSettings settings;
  settings.label = label;
  settings.address = GpioAddress::read(section, "");
  section.read_choice("pull", {"as_is", "none", "up", "down"}, settings.pull);
  section.read("pulses", settings.pulses);
  if (settings.pulses) {
    settings.debounce_s = 0;
    settings.scaling = Scaling::read(section);
  } else {
    settings.on_text = cat("sensor ", label, "|on");
    settings.off_text = cat("sensor ", label, "|off");
    section.read("on_text", settings.on_text);
    section.read("off_text", settings.off_text);
    check_event_text(section, "on_text", settings.on_text);
    check_event_text(section, "off_text", settings.off_text);
  }
  section.read_duration("debounce", settings.debounce_s, 1, {0, 60});
  return {[settings](const SensorSeams& seams) { return std::make_unique<GpioInput>(settings, seams); },
          settings.pulses ? std::vector<std::string>{"pulses", "total", "value"} : std::vector<std::string>{"state"}};
}

const RegisterSensor registered("gpio", read_settings);

}  // namespace
}  // namespace imagenode
