#include "imagenode/sensor/program_output.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/text.hpp"
#include "common/utf8.hpp"
#include "imagenode/sensor/sensor.hpp"

namespace imagenode {
namespace {

// What fits into a message, which holds the names as many as three times.
constexpr std::size_t kMaxFields = 256;
constexpr std::size_t kMaxNames = 8192;
constexpr std::size_t kMaxUnit = 16;

/// The number at the beginning and what stands behind it.
std::optional<std::pair<double, std::string>> number_and_unit(std::string_view text) {
  text = common::trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::string unit(common::trimmed(text));
  // Of "12:30" or "3.4.5" the beginning is not what was meant.
  const bool is_unit = unit.size() <= kMaxUnit && unit.find_first_of("0123456789|:\n") == std::string::npos;
  if (!is_unit) return std::nullopt;
  return std::pair(number, unit);
}

void add(Reading& reading, const std::string& name, const std::pair<double, std::string>& value) {
  reading.fields[name] = value.first;
  if (!value.second.empty()) reading.units[name] = value.second;
}

void read_json(const std::string& output, Reading& reading) {
  const auto object = nlohmann::json::parse(output, nullptr, false);
  if (!object.is_object()) throw SensorError("the program's output begins like a JSON object but is none");
  for (const auto& [name, value] : object.items()) {
    if (value.is_number()) reading.fields[name] = value.get<double>();
    if (value.is_boolean()) reading.fields[name] = value.get<bool>() ? 1 : 0;
  }
}

void read_pairs(std::string_view output, Reading& reading) {
  constexpr std::string_view kBetween = " \t\r\n,;";
  while (!output.empty()) {
    const std::string_view word = output.substr(0, output.find_first_of(kBetween));
    const auto equals = word.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      if (const auto value = number_and_unit(word.substr(equals + 1))) {
        add(reading, std::string(word.substr(0, equals)), *value);
      }
    }
    output.remove_prefix(std::min(word.size() + 1, output.size()));
  }
}

void check_size(const Reading& reading) {
  using common::cat;
  if (reading.fields.size() > kMaxFields) {
    throw SensorError(cat("the program gives ", reading.fields.size(), " numbers; ", kMaxFields, " may be sent"));
  }
  std::size_t names = 0;
  for (const auto& [name, value] : reading.fields) names += name.size();
  if (names > kMaxNames) {
    throw SensorError(cat("the program gives names of ", names, " bytes; ", kMaxNames, " may be sent"));
  }
}

}  // namespace

Reading parse_program_output(const std::string& output) {
  Reading reading;
  const std::string_view text = common::trimmed(output);
  if (!common::is_utf8(text)) throw SensorError("the program's output is not text in UTF-8");
  if (text.starts_with('{')) {
    read_json(output, reading);
  } else if (const auto value = number_and_unit(text)) {
    add(reading, "value", *value);
  } else {
    read_pairs(text, reading);
  }
  if (reading.fields.empty()) {
    constexpr std::size_t kMaxShown = 60;
    std::string shown(text.substr(0, kMaxShown));
    throw SensorError(common::cat("the program says \"", common::escaped(shown),
                                  "\", which is neither a number nor name=number nor JSON with numbers"));
  }
  check_size(reading);
  return reading;
}

}  // namespace imagenode
