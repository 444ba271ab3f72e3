#include "common/message_rows.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "common/clock.hpp"
#include "common/text.hpp"

namespace common {
namespace {

constexpr const char* kContent = "text/csv";

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// All values as text, each in the shortest form that gives the same number again.
template <typename Value>
void append_values(std::string& csv, ByteView bytes) {
  std::array<char, 32> text{};
  for (; bytes.size() >= sizeof(Value); bytes = bytes.subspan(sizeof(Value))) {
    Value value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    csv += ',';
    csv.append(text.data(), end.ptr);
  }
}

/// Nothing for types that are not stored as rows.
using AppendValues = void (*)(std::string&, ByteView);
AppendValues append_for(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, AppendValues>, 10> kTypes{
      {{"float32", append_values<float>},
       {"float64", append_values<double>},
       {"int8", append_values<std::int8_t>},
       {"int16", append_values<std::int16_t>},
       {"int32", append_values<std::int32_t>},
       {"int64", append_values<std::int64_t>},
       {"uint8", append_values<std::uint8_t>},
       {"uint16", append_values<std::uint16_t>},
       {"uint32", append_values<std::uint32_t>},
       {"uint64", append_values<std::uint64_t>}}};
  for (const auto& [name, append] : kTypes) {
    if (name == dtype) return append;
  }
  return nullptr;
}

std::string header_of(const std::vector<std::int64_t>& shape, const std::string& unit) {
  std::string header = "ID,Timestamp";
  const auto add = [&](const std::string& name) {
    header += ',';
    append_cell(header, unit.empty() ? name : cat(name, " (", unit, ')'));
  };
  if (shape.size() == 1) {
    for (std::int64_t column = 0; column < shape[0]; ++column) add(cat('c', column));
    return header;
  }
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    for (std::int64_t column = 0; column < shape[1]; ++column) add(cat('r', row, 'c', column));
  }
  return header;
}

/// What keeps the array from being a row; nothing when it can be one.
std::optional<std::string> array_problem(const Message& message) {
  if (!message.array) return "there is no array; send dtype and shape";
  const ArrayForm& form = *message.array;
  if (form.shape.empty() || form.shape.size() > 2) {
    return cat("the array has ", form.shape.size(), " dimensions; send 1 or 2");
  }
  if (message.payload.empty() || !fits_row(form)) return cat("send 1 to ", kMaxRowValues, " values in an array");
  if (append_for(form.dtype) == nullptr) {
    return cat("values of ", escaped(form.dtype), " are not stored; send float32, float64 or whole numbers");
  }
  return std::nullopt;
}

std::string csv_of(const Message& message) {
  const auto unit = message.units.find("samples");
  std::string csv = header_of(message.array->shape, unit == message.units.end() ? "" : unit->second);
  // What is only shown has no number.
  const std::uint64_t id = message.seq.value_or(static_cast<std::uint64_t>(message.time_ns / kMillisecond));
  csv += cat("\r\n", id, ',');
  append_timestamp(csv, message.time_ns);
  append_for(message.array->dtype)(csv, message.payload.view());
  csv += "\r\n";
  return csv;
}

}  // namespace

bool fits_row(const ArrayForm& form) {
  std::uint64_t values = 1;
  for (const std::int64_t size : form.shape) {
    if (__builtin_mul_overflow(values, static_cast<std::uint64_t>(size), &values)) return false;
  }
  return values <= kMaxRowValues;
}

std::variant<MessageRows, std::string> rows_of(const Message& message) {
  MessageRows rows;
  std::string_view csv = text_of(message.payload.view());
  if (kind_of(message.text, message.boot.has_value()) == Kind::samples) {
    if (auto problem = array_problem(message)) return *std::move(problem);
    rows.made = std::make_shared<const std::string>(csv_of(message));
    csv = *rows.made;
  } else if (!message.content.starts_with(kContent)) {
    return cat("its content is '", message.content, "'; send ", kContent);
  }
  auto read = parse_rows(csv);
  if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
  rows.chunk = std::get<RowChunk>(std::move(read));
  return rows;
}

}  // namespace common
