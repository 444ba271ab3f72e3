#pragma once

#include "common/settings_reader.hpp"

namespace imagenode {

enum class TemperatureUnit { fahrenheit, celsius };

inline const char* name_of(TemperatureUnit unit) {
  return unit == TemperatureUnit::fahrenheit ? "F" : "C";
}

inline double in_unit(double celsius, TemperatureUnit unit) {
  return unit == TemperatureUnit::fahrenheit ? celsius * 9 / 5 + 32 : celsius;
}

/// `unit: F`, the default, or `unit: C`.
inline TemperatureUnit read_temperature_unit(common::Section& section) {
  auto unit = TemperatureUnit::fahrenheit;
  section.read_choice("unit", {"f", "c"}, unit);
  return unit;
}

}  // namespace imagenode
