#include "common/setting_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/text.hpp"

namespace common {

std::optional<double> to_double(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int> to_int(std::string_view text) {
  const auto value = to_double(text);
  if (!value || *value != std::floor(*value) || std::abs(*value) > 2147483647.0) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<bool> to_bool(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::optional<std::vector<double>> tuple_numbers(std::string_view text) {
  std::vector<double> numbers;
  int depth = 0;
  std::string number;
  const auto finish_number = [&] {
    if (trimmed(number).empty()) return true;
    const auto value = to_double(number);
    if (value) numbers.push_back(*value);
    number.clear();
    return value.has_value();
  };
  for (const char c : text) {
    if (c == '(' || c == '[') {
      ++depth;
      if (!trimmed(number).empty()) return std::nullopt;
    } else if (c == ')' || c == ']' || c == ',') {
      if (c != ',' && --depth < 0) return std::nullopt;
      if (!finish_number()) return std::nullopt;
    } else {
      number += c;
    }
  }
  if (!finish_number() || depth != 0) return std::nullopt;
  return numbers;
}

std::optional<std::string> nearest(std::string_view name, const std::set<std::string, std::less<>>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 2) + 1;
  const std::string wanted = lower(name);
  for (const auto& candidate : known) {
    // Each character more or less is an edit: of most names the length says that they are further away.
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    if (longer - shorter >= best_distance) continue;
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace common
