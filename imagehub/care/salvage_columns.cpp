#include "imagehub/care/salvage_columns.hpp"

#include "common/database.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

bool possible(const SQLite::Column& value, char type) {
  switch (type) {
    case 'i':
      return value.isInteger();
    case 'u':
      return value.isInteger() && value.getInt64() >= 0;
    case 'n':
      return value.isInteger() || value.isNull();
    case 's':
      return value.isNull() || (value.isInteger() && value.getInt64() >= 0 && value.getInt64() <= kMaxSeq);
    case 'r':
      return value.isFloat() || value.isInteger();
    case 'p':
      return value.isText() && is_inside(value.getString());
    case 'q':
      return value.isText() && (value.size() == 0 || is_inside(value.getString()));
    default:
      return value.isText();
  }
}

}  // namespace

std::string names(const Columns& columns, const std::function<std::string(const Column&)>& name) {
  std::string out;
  for (const Column& column : columns) out += (out.empty() ? "" : ", ") + name(column);
  return out;
}

std::string selected(const Columns& columns, SalvageSource& source, const std::string& table) {
  const bool adopted = source.has(table, "adopted");
  return names(columns, [&](const Column& column) {
    return std::string(column.name) == "adopted" && !adopted ? "0" : column.name;
  });
}

std::string insert_into(const std::string& table, const Columns& columns) {
  return common::cat("INSERT OR IGNORE INTO ", table, "(",
                     names(columns, [](const Column& column) { return column.name; }), ") VALUES (",
                     names(columns, [](const Column&) { return "?"; }), ")");
}

void bind(SQLite::Statement& statement, int at, const SQLite::Column& value) {
  if (value.isNull()) {
    statement.bind(at);
  } else if (value.isInteger()) {
    statement.bind(at, value.getInt64());
  } else if (value.isFloat()) {
    statement.bind(at, value.getDouble());
  } else {
    statement.bind(at, value.getString());
  }
}

bool is_inside(const std::string& path) {
  return !path.empty() && path.front() != '/' && path.find("..") == path.npos && path.find('\0') == path.npos;
}

bool insert_row(SQLite::Statement& insert, const Columns& columns, SQLite::Statement& row) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const SQLite::Column value = row.getColumn(static_cast<int>(i));
    if (!possible(value, columns[i].type)) return false;
    bind(insert, static_cast<int>(i) + 1, value);
  }
  common::run(insert);
  return true;
}

}  // namespace imagehub
