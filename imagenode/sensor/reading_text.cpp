#include "imagenode/sensor/reading_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "common/text.hpp"

namespace imagenode {

std::string shown(double value, const std::string& unit) {
  constexpr double kMostDigits = 1e15;
  const double size = std::abs(value);
  const double rounded = std::round(value * 1000) / 1000 + 0.0;  // + 0.0: no "-0"
  std::array<char, 32> text{};
  char* const last = text.data() + text.size();
  const auto end = size == 0 || (size >= 1 && size < kMostDigits)
                       ? std::to_chars(text.data(), last, rounded, std::chars_format::fixed)
                       : std::to_chars(text.data(), last, value, std::chars_format::general, 3);
  const std::string number(text.data(), end.ptr);
  return unit.empty() ? number : number + ' ' + unit;
}

std::string text_of(const std::string& label, const Reading& reading) {
  std::string values;
  for (const auto& [name, value] : reading.fields) {
    const auto unit = reading.units.find(name);
    if (!values.empty()) values += ", ";
    if (reading.fields.size() > 1) values += name + ' ';
    values += shown(value, unit == reading.units.end() ? "" : unit->second);
  }
  std::replace(values.begin(), values.end(), '|', '/');  // which would end this part of the text
  return common::cat("sensor ", label, '|', values);
}

}  // namespace imagenode
