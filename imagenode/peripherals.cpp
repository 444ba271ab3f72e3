#include "imagenode/peripherals.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/names.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// Of "sensors.S1" and "node.heartbeat", with section "sensors": S1.
std::set<std::string> labels(const std::vector<std::string>& keys, const std::string& section) {
  std::set<std::string> found;
  for (const std::string& key : keys) {
    if (key.starts_with(section + '.')) found.insert(key.substr(section.size() + 1));
  }
  return found;
}

template <typename Part>
std::vector<Part*> all_of(const Group<Part>& group) {
  std::vector<Part*> all;
  for (const auto& part : group.all()) all.push_back(part.get());
  return all;
}

/// Those of the group that will not be ended.
template <typename Part>
std::vector<Part*> going_on(const Group<Part>& group, const std::vector<typename Group<Part>::Member>& members) {
  std::vector<Part*> parts = all_of(group);
  std::erase_if(parts, [&](const Part* part) {
    return std::none_of(members.begin(), members.end(),
                        [&](const auto& one) { return !one.fresh && one.label == part->settings().label; });
  });
  return parts;
}

/// A light also changes when another view has become the one whose word counts.
std::set<std::string> changed_lights(const Group<Lamp>& lamps, const std::vector<LampSettings>& wanted,
                                     std::set<std::string> changed) {
  for (const auto& lamp : lamps.all()) {
    const LampSettings& now = lamp->settings();
    const bool differs = std::any_of(wanted.begin(), wanted.end(), [&](const LampSettings& one) {
      return one.label == now.label && one.dark != now.dark;
    });
    if (differs) changed.insert(now.label);
  }
  return changed;
}

}  // namespace

Peripherals::Peripherals(common::FileSystem& files, LineSinks sinks, AskForFrames frames, const common::Clock& clock,
                         common::Liveness& liveness)
    : files_(files),
      sinks_(std::move(sinks)),
      frames_(std::move(frames)),
      clock_(clock),
      liveness_(liveness),
      pins_(gpio_chips) {}

Peripherals::Renewed Peripherals::renewed(const NodeSettings& settings, const std::vector<std::string>& changed) {
  const auto sensor = [&](const SensorSettings& one) {
    return std::make_unique<SensorThread>(one, one.make({files_, settings.sysfs}), sinks_.reading, clock_, liveness_);
  };
  const LineSeams line_seams{files_, settings.spool.folder / cat(common::path_component(settings.name), ".lines")};
  const auto line = [&](const LineSettings& one) {
    return std::make_unique<LineThread>(one, line_seams, sinks_, clock_, liveness_);
  };
  const auto lamp = [&](const LampSettings& one) {
    return std::make_unique<Lamp>(one, gpio_chips, sinks_.reading, clock_, liveness_);
  };
  const auto action = [&](const ActionSettings& one) {
    return std::make_unique<Action>(one, DeedSeams{pins_, frames_}, sinks_.reading, clock_, liveness_);
  };
  return {sensors_.renewed(settings.sensors, labels(changed, "sensors"), sensor),
          lines_.renewed(settings.lines, labels(changed, "lines"), line),
          lamps_.renewed(settings.lamps, changed_lights(lamps_, settings.lamps, labels(changed, "lights")), lamp),
          actions_.renewed(settings.actions, labels(changed, "actions"), action)};
}

void Peripherals::become(Renewed renewed) {
  audience_.become(going_on(lamps_, renewed.lamps), going_on(actions_, renewed.actions));
  actions_.become(std::move(renewed.actions));
  pins_.let_go_unused();  // a light may want one of them
  lamps_.become(std::move(renewed.lamps));
  audience_.become(all_of(lamps_), all_of(actions_));
  // Behind those who hear what they tell at once.
  sensors_.become(std::move(renewed.sensors));
  lines_.become(std::move(renewed.lines));
}

void Peripherals::tick() {
  for (const auto& action : actions_.all()) action->tick();
  for (const auto& sensor : sensors_.all()) sensor->tick();
  for (const auto& line : lines_.all()) line->tick();
}

void Peripherals::request_stop() {
  sensors_.request_stop();
  lines_.request_stop();
  lamps_.request_stop();
  actions_.request_stop();
}

void Peripherals::stop() {
  request_stop();
  sensors_.stop();
  lines_.stop();
  lamps_.stop();
  actions_.stop();
  pins_.let_go();
}

std::map<std::string, double> Peripherals::counts() const {
  std::map<std::string, double> all;
  for (const auto& sensor : sensors_.all()) all["sensor " + sensor->settings().label] = sensor->lost() ? 0 : 1;
  for (const auto& lamp : lamps_.all()) all["light " + lamp->settings().label] = lamp->lost() ? 0 : 1;
  for (const auto& action : actions_.all()) {
    const std::string name = "action " + action->settings().label;
    const ActionCounts counts = action->counts();
    all[name + " done"] = static_cast<double>(counts.done);
    all[name + " failed"] = static_cast<double>(counts.failed);
    all[name + " held back"] = static_cast<double>(counts.held_back);
  }
  for (const auto& line : lines_.all()) {
    const std::string& label = line->settings().label;
    const auto add = [&](const char* name, std::uint64_t value) {
      all[cat(name, ' ', label)] = static_cast<double>(value);
    };
    add("line", line->lost() ? 0 : 1);
    add("rows", line->counts().rows);
    add("rejected", line->counts().rejected);
    add("cut", line->counts().cut);
    if (!line->settings().relay.address.empty()) add("relay_dropped", line->relay_dropped());
  }
  return all;
}

}  // namespace imagenode
