#include "imagehub/care/salvage_batches.hpp"

#include "common/text.hpp"
#include "imagehub/care/salvage_columns.hpp"

namespace imagehub {
namespace {

using common::cat;

const Columns kBatches = {{"id", 'i'},       {"node", 't'},     {"view", 't'},        {"source", 't'}, {"boot", 'i'},
                          {"number", 'u'},   {"late", 'i'},     {"state", 't'},       {"header", 't'}, {"time_ns", 'i'},
                          {"first_ns", 'i'}, {"last_ns", 'i'},  {"received_ns", 'i'}, {"rows", 'u'},   {"bytes", 'u'},
                          {"path", 'q'},     {"incoming", 'q'}, {"adopted", 'i'}};
const Columns kFiles = {{"number", 'u'}, {"name", 'p'}, {"rows", 'u'}, {"bytes", 'u'}, {"sha256", 't'}};

std::string name_of(const Column& column) {
  return column.name;
}

std::string parameter(const Column&) {
  return "?";
}

}  // namespace

TableYield SalvageBatches::take(SalvageSource& source, bool older) {
  TableYield yield;
  if (!source.has("batches", "id")) return yield;  // of an older format
  SQLite::Statement insert(db_, insert_into("batches", kBatches));
  std::vector<std::int64_t> taken;
  const char* which = older ? "incoming = '' AND state IN ('complete', 'partial')" : "incoming = ''";
  yield.gaps = source.each(selected(kBatches, source, "batches"), "batches", which, "id", [&](SQLite::Statement& row) {
    if (!insert_row(insert, kBatches, row)) {
      ++yield.refused;
    } else if (db_.getChanges() > 0) {
      taken.push_back(row.getColumn(0).getInt64());
    }
  });
  for (const std::int64_t batch : taken) {
    if (take_files(source, batch)) {
      ++yield.rows;
      spans_.took("batches", batch);
    } else {
      ++yield.refused;
      for (const char* where : {"batch_files WHERE batch_id = ", "batches WHERE id = "}) {
        db_.exec(cat("DELETE FROM ", where, batch));
      }
    }
  }
  return yield;
}

/// Whether all of them could be read, and hold the rows that the batch has.
bool SalvageBatches::take_files(SalvageSource& source, std::int64_t batch) {
  SQLite::Statement insert(db_, cat("INSERT OR REPLACE INTO batch_files(", names(kFiles, name_of),
                                    ", batch_id) VALUES (", names(kFiles, parameter), ", ", batch, ")"));
  bool sound = true;
  const auto gaps = source.each(names(kFiles, name_of), "batch_files", cat("batch_id = ", batch), "number",
                                [&](SQLite::Statement& row) { sound = insert_row(insert, kFiles, row) && sound; });
  SQLite::Statement agrees(db_,
                           "SELECT (rows, bytes) = (SELECT coalesce(sum(rows), 0), coalesce(sum(bytes), 0) FROM "
                           "batch_files WHERE batch_id = id) "
                           "FROM batches WHERE id = ?");
  agrees.bind(1, batch);
  return gaps.empty() && sound && agrees.executeStep() && agrees.getColumn(0).getInt() != 0;
}

}  // namespace imagehub
