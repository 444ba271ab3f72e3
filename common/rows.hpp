#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Rows as sources send them: text/csv (RFC 4180) whose first line is `ID,Timestamp,<name> (<unit>)...`. Thread-safe.
namespace common {

struct RowColumn {
  std::string name;
  std::string unit;  ///< empty without one
  bool operator==(const RowColumn&) const = default;
};

struct Row {
  std::string_view text;     ///< without its line end
  std::int64_t time_ns = 0;  ///< Timestamp, UTC
  std::uint64_t id = 0;
};

/// A chunk that is in order: every row has the header's columns, a whole number as ID and a Timestamp in Unix seconds.
/// Its texts point into the bytes that were parsed.
struct RowChunk {
  std::string_view header;  ///< without its line end
  std::vector<Row> rows;    ///< at least one
};

struct RowLimits {
  static constexpr std::size_t kColumns = 1000;
  static constexpr std::size_t kRowBytes = 64 * 1024;  ///< of a row, and of the header
  static constexpr std::size_t kRows = 100'000;        ///< of a chunk
};

/// The chunk, or place, cause and remedy of the first thing that is wrong with it: "line 3: 2 columns, the header has
/// 3; send as many fields as columns". Lines may end with LF instead of CRLF.
std::variant<RowChunk, std::string> parse_rows(std::string_view csv);

/// A cell, in quotes where it needs them.
void append_cell(std::string& csv, std::string_view cell);
/// Unix seconds with six decimals.
void append_timestamp(std::string& csv, std::int64_t utc_ns);

/// Columns of such a header, ID and Timestamp among them; `Temp (C)` has the unit `C`.
std::vector<RowColumn> columns_of(std::string_view header);

}  // namespace common
