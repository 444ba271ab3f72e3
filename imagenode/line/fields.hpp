#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings_reader.hpp"

namespace imagenode {

enum class FieldType { number, integer, text };

/// One of `fields:`, a column of what is sent.
struct Field {
  std::string name;
  std::string unit;
  FieldType type = FieldType::number;
};

/// The values of one row, in the order of its fields.
struct Row {
  std::vector<std::string> cells;  ///< as they are sent
  std::vector<double> numbers;     ///< finite; NaN in the place of a text
};

/// `count` empty cells.
void clear(Row& row, std::size_t count);

/// Puts a value as the device wrote it into the row; what is wrong with it, when it is none of the field's type.
std::optional<std::string> put_value(const Field& field, std::string_view value, std::size_t at, Row& row);

/// The list `fields:`, each a name or a mapping with name, unit and type. At least one, no name twice.
std::vector<Field> read_fields(common::Section& section);
/// Reports that there are none, or too many for a message.
void check_count(common::Section& section, const std::vector<Field>& fields);
/// Name and unit of a field, which become part of a CSV header.
void read_field_name(common::Section& entry, const std::vector<Field>& before, Field& field);

}  // namespace imagenode
