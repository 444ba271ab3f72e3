#include "common/rows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "common/utf8.hpp"

namespace common {
namespace {

/// Before the year 2200: a time that a file's name can hold.
constexpr std::int64_t kLatestSecond = 7'258'118'400;

/// What is wrong, without its place.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads one record after the other.
class Records {
 public:
  explicit Records(std::string_view csv) : rest_(csv) {}

  bool at_end() const { return rest_.empty(); }
  /// Number of the line at which the record that was read last began.
  std::size_t line() const { return line_; }

  /// The next record without its line end; its fields as they stand there, quotes included.
  std::string_view next(std::vector<std::string_view>& fields) {
    line_ = next_line_;
    fields.clear();
    const std::string_view record = rest_;
    std::size_t length = 0;
    for (bool more = true; more;) {
      const std::size_t size = field_size(rest_);
      fields.push_back(rest_.substr(0, size));
      rest_.remove_prefix(size);
      length += size;
      if (length > RowLimits::kRowBytes) throw Malformed(cat("more than ", RowLimits::kRowBytes, " bytes in a row"));
      if (fields.size() > RowLimits::kColumns) throw Malformed(cat("more than ", RowLimits::kColumns, " columns"));
      more = rest_.starts_with(',');
      if (more) {
        rest_.remove_prefix(1);
        ++length;
      }
    }
    end_line();
    return record.substr(0, length);
  }

 private:
  void end_line() {
    if (rest_.starts_with("\r\n")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with('\n')) {
      rest_.remove_prefix(1);
    } else if (!rest_.empty()) {
      throw Malformed(
          "a quote or a carriage return within a field; put such a field into quotes, and double its quotes");
    }
    ++next_line_;
  }

  std::size_t field_size(std::string_view text) {
    if (!text.starts_with('"')) return std::min(text.find_first_of(",\"\r\n"), text.size());
    for (std::size_t at = 1;;) {
      at = text.find('"', at);
      if (at == text.npos) throw Malformed("a quote that is not closed; end the field with a quote");
      if (at + 1 == text.size() || text[at + 1] != '"') {
        next_line_ +=
            static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
        return at + 1;
      }
      at += 2;
    }
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
};

std::string unquoted(std::string_view field) {
  if (!field.starts_with('"')) return std::string(field);
  field = field.substr(1, field.size() - 2);
  std::string text;
  for (std::size_t at = 0; at < field.size(); ++at) {
    text += field[at];
    if (field[at] == '"') ++at;
  }
  return text;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Exact, which a double is not: digits behind the ninth decimal are left out.
std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  std::int64_t seconds = 0;
  if (!is_digits(whole) || (point < text.size() && !is_digits(decimals))) return std::nullopt;
  if (std::from_chars(whole.data(), whole.data() + whole.size(), seconds).ec != std::errc{}) return std::nullopt;
  if (seconds >= kLatestSecond) return std::nullopt;
  std::int64_t ns = 0;
  for (std::size_t i = 0; i < 9; ++i) ns = ns * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
  return seconds * kSecond + ns;
}

void check_header(const std::vector<std::string_view>& fields) {
  if (fields.size() < 3 || unquoted(fields[0]) != "ID" || unquoted(fields[1]) != "Timestamp") {
    throw Malformed("no header; begin each chunk with ID,Timestamp,<name> (<unit>)...");
  }
}

Row checked_row(std::string_view text, const std::vector<std::string_view>& fields, std::size_t columns) {
  if (fields.size() != columns) {
    throw Malformed(cat(fields.size(), fields.size() == 1 ? " column" : " columns", ", the header has ", columns,
                        "; send as many fields as columns"));
  }
  const std::string id = unquoted(fields[0]);
  if (!is_digits(id) || id.size() > 18) {
    throw Malformed(cat("the ID is ", escaped(id.substr(0, 40)), "; send a whole number"));
  }
  const std::string timestamp = unquoted(fields[1]);
  const auto time_ns = parse_timestamp(timestamp);
  if (!time_ns) {
    throw Malformed(cat("the Timestamp is ", escaped(timestamp.substr(0, 40)),
                        "; send Unix seconds with decimals, such as 1795168800.125"));
  }
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  return {text, *time_ns, number};
}

RowChunk parse(Records& records) {
  std::vector<std::string_view> fields;
  RowChunk chunk;
  chunk.header = records.next(fields);
  check_header(fields);
  const std::size_t columns = fields.size();
  while (!records.at_end()) {
    const std::string_view text = records.next(fields);
    chunk.rows.push_back(checked_row(text, fields, columns));
    if (chunk.rows.size() > RowLimits::kRows) {
      throw Malformed(cat("more than ", RowLimits::kRows, " rows; send smaller chunks"));
    }
  }
  if (chunk.rows.empty()) throw Malformed("no row behind the header; send a chunk when there are rows");
  return chunk;
}

}  // namespace

std::variant<RowChunk, std::string> parse_rows(std::string_view csv) {
  if (!is_utf8(csv)) return "not UTF-8; send text in UTF-8";
  Records records(csv);
  try {
    return parse(records);
  } catch (const Malformed& wrong) {
    return cat("line ", records.line(), ": ", wrong.what());
  }
}

void append_cell(std::string& csv, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == cell.npos) {
    csv += cell;
    return;
  }
  csv += '"';
  for (const char c : cell) {
    if (c == '"') csv += '"';
    csv += c;
  }
  csv += '"';
}

void append_timestamp(std::string& csv, std::int64_t utc_ns) {
  std::array<char, 32> text{};
  const std::int64_t us = utc_ns / kMicrosecond;
  const int length = std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(us / 1'000'000),
                                   static_cast<long long>(us % 1'000'000));
  csv.append(text.data(), static_cast<std::size_t>(length));
}

std::vector<RowColumn> columns_of(std::string_view header) {
  std::vector<std::string_view> fields;
  Records(header).next(fields);
  std::vector<RowColumn> columns;
  for (const std::string_view field : fields) {
    std::string name = unquoted(field);
    const auto unit = name.rfind(" (");
    if (name.ends_with(')') && unit != name.npos && unit > 0) {
      columns.push_back({name.substr(0, unit), name.substr(unit + 2, name.size() - unit - 3)});
    } else {
      columns.push_back({std::move(name), {}});
    }
  }
  return columns;
}

}  // namespace common
