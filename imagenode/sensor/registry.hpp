#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/sensor/sensor.hpp"

/// The kinds of sensors by name. A kind registers itself with a RegisterSensor at the end of its .cpp file, before main
/// begins; adding one touches no other file. Read-only afterwards, so any thread may ask.
namespace imagenode {

/// Makes a sensor with the settings of its kind, which are bound in.
using SensorMaker = std::function<std::unique_ptr<Sensor>(const SensorSeams&)>;

struct SensorKind {
  SensorMaker make;
  std::vector<std::string> fields;  ///< all that its readings may have; empty: only the readings tell
};

/// Reads what a kind has for settings beside those that all sensors have; `label` stands in its texts.
using SensorReader = SensorKind (*)(common::Section& section, const std::string& label);

struct RegisterSensor {
  RegisterSensor(const char* kind, SensorReader reader);
};

/// In alphabetical order.
std::vector<std::string> sensor_kinds();

/// `kind` is one of sensor_kinds().
SensorKind read_sensor_kind(const std::string& kind, common::Section& section, const std::string& label);

}  // namespace imagenode
