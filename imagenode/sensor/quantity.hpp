#pragma once

#include <span>
#include <string>

#include "common/settings_reader.hpp"
#include "imagenode/reading/reading.hpp"
#include "imagenode/sensor/scaling.hpp"
#include "imagenode/sensor/temperature.hpp"

namespace imagenode {

/// What the kernel means by a number, by the beginning of its name: `temp1` of hwmon is in thousandths of a degree.
struct Quantity {
  const char* type;
  double factor;
  const char* unit;
};

/// A number of the kernel as people want it: in a common unit, temperatures in F or C, and scaled as the settings say.
class KernelValue {
 public:
  /// `unit` is F or C for the type temp, any text for others.
  static KernelValue read(common::Section& section, const std::string& type, std::span<const Quantity> known);

  Reading reading(const std::string& label, const std::string& field, double number) const;

 private:
  bool is_temperature_ = false;
  TemperatureUnit temperature_unit_ = TemperatureUnit::fahrenheit;
  double factor_ = 1;
  Scaling scaling_;
};

/// The letters with which a name begins: `voltage` of `voltage0`.
std::string type_of(const std::string& name);

}  // namespace imagenode
