#include "imagehub/index/growth.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/database.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

std::vector<Growth::OfNode> read(SQLite::Statement& query) {
  std::vector<Growth::OfNode> found;
  while (query.executeStep()) {
    found.push_back({query.getColumn(0).getString(), static_cast<std::uint64_t>(query.getColumn(1).getInt64())});
  }
  return found;
}

}  // namespace

std::vector<Growth::OfNode> Growth::sums(const char* table, std::int64_t first_day, std::int64_t last_day) {
  SQLite::Statement query(
      database_, common::cat("SELECT node, sum(bytes) FROM ", table, " WHERE day BETWEEN ? AND ? GROUP BY node"));
  query.bind(1, first_day);
  query.bind(2, last_day);
  return read(query);
}

std::vector<Growth::OfNode> Growth::totals(const char* table, bool adopted_too) {
  SQLite::Statement query(database_, common::cat("SELECT node, sum(bytes) FROM ", table,
                                                 " WHERE adopted <= ? AND bytes > 0 GROUP BY node"));
  query.bind(1, adopted_too ? 1 : 0);
  return read(query);
}

std::int64_t Growth::start_ns() {
  SQLite::Statement query(database_, "SELECT received_ns FROM events ORDER BY id LIMIT 1");
  return query.executeStep() ? query.getColumn(0).getInt64() : 0;
}

int Growth::told() {
  SQLite::Statement query(database_, "SELECT value FROM meta WHERE key = 'disk_warning'");
  return query.executeStep() ? query.getColumn(0).getInt() : 0;
}

void Growth::remember(Index& index, int told, std::int64_t first_day) {
  Index::Transaction transaction(index);
  SQLite::Statement write(database_, "INSERT OR REPLACE INTO meta VALUES ('disk_warning', ?)");
  write.bind(1, told);
  common::run(write);
  for (const char* sql : {"DELETE FROM image_days WHERE day < ?", "DELETE FROM batch_days WHERE day < ?"}) {
    SQLite::Statement prune(database_, sql);
    prune.bind(1, first_day);
    common::run(prune);
  }
  transaction.commit();
}

}  // namespace imagehub
