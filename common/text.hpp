#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace common {

namespace detail {
inline void append(std::string& out, std::string_view part) {
  out += part;
}
inline void append(std::string& out, char part) {
  out += part;
}
template <typename Number>
requires std::is_integral_v<Number>
void append(std::string& out, Number part) {
  out += std::to_string(part);
}
void append(std::string& out, double part);
}  // namespace detail

/// Joins strings and numbers: cat("port ", 5555, " is taken"). Floating point in its shortest form ("0.5").
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// The same with control characters as \n, \t, \x1b, a backslash as \\ and bytes that are not UTF-8 as \xff:
/// what came from outside stays on one line of a log.
std::string escaped(std::string_view text);

/// What escaped() was given; anything that it does not write stays as it is.
std::string unescaped(std::string_view text);

std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);
std::string hex64(unsigned long long value);

/// Distance in single-character edits; names the key that somebody probably meant.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace common
