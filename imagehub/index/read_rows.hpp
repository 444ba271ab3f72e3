#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

/// Rows of the index as SQLite gives them. To be included by .cpp files of this room only.
namespace imagehub {

/// SQLite integers are signed; the bits of a boot are kept.
inline std::int64_t to_sql(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
inline std::uint64_t from_sql(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

inline constexpr int kBaseColumnCount = 14;
inline constexpr std::int64_t kNoCrc = -1;

/// `SELECT ... FROM images t ... `, to be followed by WHERE; read_rows() takes what it gives.
extern const std::string kSelectImages;
extern const std::string kSelectEvents;

/// Steps through the query to its end. Row is ImageRow or EventRow.
template <typename Row>
std::vector<Row> read_rows(SQLite::Statement& query);

}  // namespace imagehub
