#pragma once

#include <cstddef>
#include <string_view>

namespace common {

/// Length in bytes of the well-formed UTF-8 character (Unicode 15, table 3-7) at the start of `text`;
/// 0 when there is none: surrogates, overlong forms and cut characters are not well formed.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace common
