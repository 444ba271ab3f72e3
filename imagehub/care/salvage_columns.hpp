#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imagehub/care/salvage_source.hpp"

/// Rows of a damaged index, of which any value may be impossible. To be included by .cpp files only. Thread-safe.
namespace imagehub {

/// Types: i integer, u the same but not below 0, n integer or NULL, s number of a message or NULL, r number, t text,
/// p path that stays in its folder, q such a path or empty.
struct Column {
  const char* name;
  char type;
};
using Columns = std::vector<Column>;

/// Nobody sends so many messages; what is above is damage, and would make the hub take new messages for known ones.
inline constexpr std::int64_t kMaxSeq = std::int64_t{1} << 40;

/// With commas between.
std::string names(const Columns& columns, const std::function<std::string(const Column&)>& name);

/// What is selected of a table of the source; of an older format nothing was adopted.
std::string selected(const Columns& columns, SalvageSource& source, const std::string& table);
/// The statement that takes such a row, unless one with its id is there.
std::string insert_into(const std::string& table, const Columns& columns);

/// Whether the path leads to something in its folder; one that does not is damage.
bool is_inside(const std::string& path);

void bind(SQLite::Statement& statement, int at, const SQLite::Column& value);

/// Binds the row's values, which come in the order of `columns`, and runs the statement; false when one is impossible.
bool insert_row(SQLite::Statement& insert, const Columns& columns, SQLite::Statement& row);

}  // namespace imagehub
