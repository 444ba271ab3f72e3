#include "imagenode/sources.hpp"

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

}  // namespace

Sources::Sources(common::FileSystem& files, LineSinks sinks, const common::Clock& clock, common::Liveness& liveness)
    : files_(files), sinks_(std::move(sinks)), clock_(clock), liveness_(liveness) {}

Sources::Renewed Sources::renewed(const NodeSettings& settings, const std::vector<std::string>& changed) {
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
  return {sensors_.renewed(settings.sensors, labels(changed, "sensors"), sensor),
          lines_.renewed(settings.lines, labels(changed, "lines"), line),
          lamps_.renewed(settings.lamps, labels(changed, "lights"), lamp)};
}

void Sources::become(Renewed renewed) {
  sensors_.become(std::move(renewed.sensors));
  lines_.become(std::move(renewed.lines));
  lamps_.become(std::move(renewed.lamps));
}

void Sources::tick() {
  for (const auto& sensor : sensors_.all()) sensor->tick();
  for (const auto& line : lines_.all()) line->tick();
}

void Sources::request_stop() {
  sensors_.request_stop();
  lines_.request_stop();
  lamps_.request_stop();
}

void Sources::stop() {
  request_stop();
  sensors_.stop();
  lines_.stop();
  lamps_.stop();
}

std::map<std::string, double> Sources::counts() const {
  std::map<std::string, double> all;
  for (const auto& sensor : sensors_.all()) all["sensor " + sensor->settings().label] = sensor->lost() ? 0 : 1;
  for (const auto& lamp : lamps_.all()) all["light " + lamp->settings().label] = lamp->lost() ? 0 : 1;
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
