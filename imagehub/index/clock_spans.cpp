#include "imagehub/index/clock_spans.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

#include "common/database.hpp"
#include "common/text.hpp"

namespace imagehub {

ClockSpan read_span(SQLite::Statement& row) {
  ClockSpan span;
  span.id = row.getColumn(0).getInt64();
  span.table = row.getColumn(1).getString();
  // Ids begin with 1: less is damage, and must not overflow.
  span.first_row = std::max<std::int64_t>(row.getColumn(2).getInt64(), 1);
  span.last_row = std::max<std::int64_t>(row.getColumn(3).getInt64(), 0);
  span.first_ns = row.getColumn(4).getInt64();
  span.last_ns = row.getColumn(5).getInt64();
  if (!row.isColumnNull(6)) span.shift_ns = row.getColumn(6).getInt64();
  return span;
}

void save_span(SQLite::Database& index, ClockSpan& span) {
  SQLite::Statement write(
      index, common::cat("INSERT OR REPLACE INTO clock_spans (", kSpanColumns, ") VALUES (?,?,?,?,?,?,?)"));
  if (span.id != 0) write.bind(1, span.id);
  write.bind(2, span.table);
  write.bind(3, span.first_row);
  write.bind(4, span.last_row);
  write.bind(5, span.first_ns);
  write.bind(6, span.last_ns);
  if (span.shift_ns) write.bind(7, *span.shift_ns);
  common::run(write);
  if (span.id == 0) span.id = index.getLastInsertRowid();
}

std::vector<ClockSpan> ClockSpans::all() {
  SQLite::Statement query(index_.database(),
                          common::cat("SELECT ", kSpanColumns, " FROM clock_spans ORDER BY first_row"));
  std::vector<ClockSpan> spans;
  while (query.executeStep()) spans.push_back(read_span(query));
  return spans;
}

void ClockSpans::remove(const ClockSpan& span) {
  SQLite::Statement remove(index_.database(), "DELETE FROM clock_spans WHERE id = ?");
  remove.bind(1, span.id);
  common::run(remove);
}

void ClockSpans::shift_some(ClockSpan span, std::int64_t rows) {
  const bool all = span.last_row - span.first_row < rows;
  const std::int64_t last = all ? span.last_row : span.first_row + rows - 1;
  const bool images = span.table == "images";
  if (images) count_days(span.first_row, last, -1);
  SQLite::Statement update(
      index_.database(),
      common::cat("UPDATE ", span.table == "images" || span.table == "batches" ? span.table : "events",
                  " SET received_ns = received_ns + ? WHERE id BETWEEN ? AND ?"));
  update.bind(1, span.shift_ns.value_or(0));
  update.bind(2, span.first_row);
  update.bind(3, last);
  common::run(update);
  if (images) count_days(span.first_row, last, 1);
  if (all) {
    remove(span);
  } else {
    span.first_row = last + 1;
    save(span);
  }
}

/// Adds the bytes of these images to the days on which they came, or takes them away.
void ClockSpans::count_days(std::int64_t first_row, std::int64_t last_row, int sign) {
  SQLite::Statement count(
      index_.database(),
      "INSERT INTO image_days SELECT received_ns / 86400000000000, node, ? * sum(bytes) FROM images "
      "WHERE adopted = 0 AND id BETWEEN ? AND ? GROUP BY 1, 2 "
      "ON CONFLICT(day, node) DO UPDATE SET bytes = bytes + excluded.bytes");
  count.bind(1, sign);
  count.bind(2, first_row);
  count.bind(3, last_row);
  common::run(count);
  // Days of long ago may have been forgotten already.
  SQLite::Statement forget(index_.database(), "DELETE FROM image_days WHERE bytes <= 0");
  common::run(forget);
}

}  // namespace imagehub
