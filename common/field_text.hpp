#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace common {

/// Fit for a field of a message's text, and for a line of a file: escaped, without |, made of at most so many bytes.
std::string as_field(std::string_view text, std::size_t max_bytes);

}  // namespace common
