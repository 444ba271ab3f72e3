#include "imagenode/line/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "common/setting_values.hpp"
#include "common/text.hpp"
#include "common/utf8.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::size_t kMaxFields = 256;
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxShown = 40;

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::optional<std::string> none_of_type(const Field& field, std::string_view value, const char* wanted) {
  return cat(field.name, ": \"", common::escaped(value.substr(0, kMaxShown)), "\" is not ", wanted);
}

bool is_whole_number(std::string_view text) {
  std::int64_t number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void clear(Row& row, std::size_t count) {
  row.cells.resize(count);
  for (auto& cell : row.cells) cell.clear();
  row.numbers.assign(count, std::numeric_limits<double>::quiet_NaN());
}

std::optional<std::string> put_value(const Field& field, std::string_view value, std::size_t at, Row& row) {
  if (field.type == FieldType::text) {
    // A zero byte is what the kernel gives for one with wrong parity, and programs that read CSV stumble over it.
    if (!common::is_utf8(value) || value.find('\0') != std::string_view::npos) {
      return none_of_type(field, value, "text in UTF-8 without zero bytes");
    }
    row.cells[at] = value;
    return std::nullopt;
  }
  value = common::trimmed(value);
  const auto number = common::to_double(value);
  if (!number) return none_of_type(field, value, "a number");
  if (field.type == FieldType::integer && !is_whole_number(value)) return none_of_type(field, value, "a whole number");
  row.cells[at] = value;
  row.numbers[at] = *number;
  return std::nullopt;
}

void read_field_name(common::Section& entry, const std::vector<Field>& before, Field& field) {
  entry.read("name", field.name);
  entry.read("unit", field.unit);
  if (field.name.empty() || field.name.size() > kMaxName || !is_printable(field.name)) {
    entry.problem("name", cat("a field needs a name of at most ", kMaxName, " bytes without control characters"));
  }
  if (field.unit.size() > kMaxName || !is_printable(field.unit)) {
    entry.problem("unit", cat("a unit has at most ", kMaxName, " bytes without control characters"));
  }
  const auto same = [&](const Field& other) { return other.name == field.name; };
  if (std::any_of(before.begin(), before.end(), same)) {
    entry.problem("name", cat(common::escaped(field.name), " is the name of another field too"));
  }
}

std::vector<Field> read_fields(common::Section& section) {
  std::vector<Field> fields;
  for (auto& entry : section.sections("fields")) {
    Field field;
    read_field_name(entry, fields, field);
    entry.read_choice("type", {"number", "integer", "text"}, field.type);
    fields.push_back(std::move(field));
  }
  check_count(section, fields);
  return fields;
}

void check_count(common::Section& section, const std::vector<Field>& fields) {
  if (!fields.empty() && fields.size() <= kMaxFields) return;
  section.problem("fields", cat("1 to ", kMaxFields, " fields are needed, such as [{name: temperature, unit: C}]"));
}

}  // namespace imagenode
