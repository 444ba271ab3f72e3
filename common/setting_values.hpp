#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// How the values of a settings file are written: numbers, Python's truth values and tuples. Nothing when a text is not
/// of the form. Thread-safe.
namespace common {

std::optional<double> to_double(std::string_view text);
std::optional<int> to_int(std::string_view text);

/// True, yes, on; False, no, off; in any case of the letters.
std::optional<bool> to_bool(std::string_view text);

/// The numbers of a Python tuple, in any nesting: `(640, 480)`, `(65,2),(100,25)`, `((255,0,0),5)`.
std::optional<std::vector<double>> tuple_numbers(std::string_view text);

/// The nearest of the known names, when it is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view name, const std::set<std::string, std::less<>>& known);

}  // namespace common
