#include "imagenode/sensor/quantity.hpp"

#include <algorithm>

#include "imagenode/sensor/reading_text.hpp"

namespace imagenode {

KernelValue KernelValue::read(common::Section& section, const std::string& type, std::span<const Quantity> known) {
  KernelValue value;
  const auto found = std::find_if(known.begin(), known.end(), [&](const Quantity& one) { return type == one.type; });
  value.is_temperature_ = type == "temp";
  if (value.is_temperature_) {
    section.read("scale", value.scaling_.scale);
    section.read("offset", value.scaling_.offset);
    value.temperature_unit_ = read_temperature_unit(section);
  } else {
    value.scaling_ = Scaling::read(section);
    if (value.scaling_.unit.empty() && found != known.end()) value.scaling_.unit = found->unit;
  }
  if (found != known.end()) value.factor_ = found->factor;
  return value;
}

Reading KernelValue::reading(const std::string& label, const std::string& field, double number) const {
  Reading reading;
  const double scaled = scaling_.of(number * factor_);
  reading.fields[field] = is_temperature_ ? in_unit(scaled, temperature_unit_) : scaled;
  const std::string unit = is_temperature_ ? name_of(temperature_unit_) : scaling_.unit;
  if (!unit.empty()) reading.units[field] = unit;
  reading.text = text_of(label, reading);
  return reading;
}

std::string type_of(const std::string& name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return {name.begin(), std::find_if_not(name.begin(), name.end(), letter)};
}

}  // namespace imagenode
