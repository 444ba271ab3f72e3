#include "common/field_text.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace common {

std::string as_field(std::string_view text, std::size_t max_bytes) {
  std::string field = escaped(text.substr(0, max_bytes));
  std::replace(field.begin(), field.end(), '|', '/');
  return field;
}

}  // namespace common
