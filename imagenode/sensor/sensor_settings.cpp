#include "imagenode/sensor/sensor_settings.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr double kMinute = 60;
constexpr common::Range<double> kIntervals{0.1, 30.0 * 86'400};

void read_interval(common::Section& section, SensorSettings& settings) {
  if (section.has("read_interval") && section.has("read_interval_minutes")) {
    section.problem("read_interval", "stands beside read_interval_minutes, which says the same; keep one");
  }
  section.read_duration("read_interval_minutes", settings.interval_s, kMinute, kIntervals);
  section.read_duration("read_interval", settings.interval_s, kMinute, kIntervals);
}

/// The kinds that there are, in any case of the letters.
void read_kind(common::Section& section, SensorSettings& settings) {
  std::string wanted;
  section.read("type", wanted);
  const auto kinds = sensor_kinds();
  const auto same = [&](const std::string& kind) { return common::lower(kind) == common::lower(wanted); };
  const auto kind = std::find_if(kinds.begin(), kinds.end(), same);
  if (kind != kinds.end()) {
    settings.kind = *kind;
    SensorKind made = read_sensor_kind(*kind, section, settings.label);
    settings.make = std::move(made.make);
    const bool known = !made.fields.empty();
    settings.detectors = read_reading_detectors(section, {std::move(made.fields), known, settings.interval_s});
    return;
  }
  section.has("detectors");  // a key that there is; whether they make sense depends on the type
  std::string known;
  for (const auto& one : kinds) known += (known.empty() ? "" : ", ") + one;
  section.problem("type", wanted.empty() ? cat("is required here; one of ", known)
                                         : cat(common::escaped(wanted), " is unknown; known are ", known));
}

}  // namespace

std::vector<SensorSettings> read_sensors(common::Section& root) {
  std::vector<SensorSettings> sensors;
  for (auto& [label, section] : root.named_sections("sensors")) {
    SensorSettings settings;
    settings.label = label;
    settings.name = label;
    section.read("name", settings.name);
    section.read("log_name", settings.log_name);
    if ((label + settings.name).find('|') != std::string::npos) {
      section.problem("name", "neither the label nor the name of a sensor may hold |");
    }
    read_interval(section, settings);
    section.read("min_difference", settings.min_difference, {0});
    read_kind(section, settings);
    sensors.push_back(std::move(settings));
  }
  return sensors;
}

}  // namespace imagenode
