#include "imagenode/sensor/registry.hpp"

#include <map>

namespace imagenode {
namespace {

/// Made at its first use, since the kinds register themselves in no particular order.
std::map<std::string, SensorReader>& readers() {
  static std::map<std::string, SensorReader> registered;
  return registered;
}

}  // namespace

RegisterSensor::RegisterSensor(const char* kind, SensorReader reader) {
  readers().emplace(kind, reader);
}

std::vector<std::string> sensor_kinds() {
  std::vector<std::string> kinds;
  for (const auto& [kind, reader] : readers()) kinds.push_back(kind);
  return kinds;
}

SensorKind read_sensor_kind(const std::string& kind, common::Section& section, const std::string& label) {
  return readers().at(kind)(section, label);
}

}  // namespace imagenode
