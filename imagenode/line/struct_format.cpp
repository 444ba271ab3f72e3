// struct: numbers in binary, one behind the other as a C compiler lays out a packed struct.

#include <algorithm>
#include <cmath>
#include <optional>

#include "common/text.hpp"
#include "imagenode/line/binary.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;

struct BinaryField {
  BinaryType type = BinaryType::int16;
  double scale = 1;
  double offset = 0;
  std::optional<ByteOrder> order;
};

struct StructSettings {
  std::vector<Field> fields;
  std::vector<BinaryField> binary;  // the same ones
  ByteOrder order = ByteOrder::little;
  std::size_t bytes = 0;
};

class StructFormat final : public LineFormat {
 public:
  explicit StructFormat(StructSettings settings) : settings_(std::move(settings)) {}

  const std::vector<Field>& fields() const override { return settings_.fields; }

  Parsed parse(std::string_view frame, Row& row) override {
    if (frame.size() != settings_.bytes) {
      return Parsed::bad(cat(frame.size(), " bytes in the place of ", settings_.bytes));
    }
    const auto& fields = settings_.fields;
    clear(row, fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const BinaryField& binary = settings_.binary[i];
      const std::size_t bytes = bytes_of(binary.type);
      BinaryValue value = value_of(binary.type, frame.substr(0, bytes), binary.order.value_or(settings_.order));
      frame.remove_prefix(bytes);
      if (binary.scale != 1 || binary.offset != 0) {
        value.number = value.number * binary.scale + binary.offset;
        value.text = cat(value.number);
      }
      if (!std::isfinite(value.number)) return Parsed::bad(cat(fields[i].name, " is not a finite number"));
      row.cells[i] = std::move(value.text);
      row.numbers[i] = value.number;
    }
    return {};
  }

 private:
  const StructSettings settings_;
};

FormatKind read_settings(common::Section& section) {
  StructSettings settings;
  settings.order = read_byte_order(section);
  for (auto& entry : section.sections("fields")) {
    Field field;
    BinaryField binary;
    read_field_name(entry, settings.fields, field);
    entry.read_choice("type", kBinaryTypes, binary.type);
    if (!entry.has("type")) entry.problem("type", "is required in a struct, such as int16");
    entry.read("scale", binary.scale);
    entry.read("offset", binary.offset);
    if (entry.has("endianness")) binary.order = read_byte_order(entry);
    settings.bytes += bytes_of(binary.type);
    settings.fields.push_back(std::move(field));
    settings.binary.push_back(binary);
  }
  check_count(section, settings.fields);
  return {[settings] { return std::make_unique<StructFormat>(settings); }, std::max<std::size_t>(settings.bytes, 1)};
}

const RegisterFormat registered("struct", read_settings);

}  // namespace
}  // namespace imagenode
