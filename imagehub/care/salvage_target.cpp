#include "imagehub/care/salvage_target.hpp"

#include <algorithm>
#include <optional>

#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/care/salvage_batches.hpp"
#include "imagehub/care/salvage_columns.hpp"
#include "imagehub/care/salvage_spans.hpp"
#include "imagehub/index/schema.hpp"
#include "imagehub/index/seq_ranges.hpp"

namespace imagehub {
namespace {

using common::cat;

const Columns kBase = {{"id", 'i'},          {"boot_id", 'n'},        {"seq", 's'},    {"node", 't'},
                       {"view", 't'},        {"source", 't'},         {"text", 't'},   {"time_ns", 'i'},
                       {"received_ns", 'i'}, {"clock_error_us", 'n'}, {"late", 'i'},   {"payload_crc", 'i'},
                       {"fields", 't'},      {"units", 't'},          {"adopted", 'i'}};
const Columns kImageOnly = {{"path", 'p'}, {"bytes", 'u'}, {"crc", 'i'}, {"incoming", 't'}};
const Columns kEventOnly = {{"log_day", 't'}, {"log_offset", 'i'}};
const Columns kChunks = {{"id", 'i'}, {"boot_id", 'i'}, {"seq", 's'}, {"text", 't'}, {"payload_crc", 'i'}};
const Columns kNodes = {{"node", 't'},   {"first_seen_ns", 'i'}, {"last_seen_ns", 'i'}, {"version", 't'},
                        {"host", 't'},   {"heartbeat_s", 'r'},   {"lost", 'i'},         {"images", 'i'},
                        {"events", 'i'}, {"bytes", 'u'}};

/// Rows whose lines may still be missing, when the mark is lost.
constexpr std::int64_t kUnfinishedEvents = 20'000;

Columns joined(Columns a, const Columns& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

struct SalvageTarget::Impl {
  std::map<std::string, std::string> indexes;  ///< SQL by name
  std::map<std::int64_t, SeqRanges> identities;
  std::map<std::string, std::int64_t> last_id;             ///< that a source ever gave, by table
  std::map<std::string, std::int64_t> last_id_of_damaged;  ///< by the damaged index itself; without when unreadable

  common::FileSystem& files;
  const std::filesystem::path incoming;
  SQLite::Database db;
  SalvageSpans spans{db};
  SalvageBatches batches{db, spans};

  Impl(common::FileSystem& the_files, const std::filesystem::path& file, std::filesystem::path the_incoming)
      : files(the_files),
        incoming(std::move(the_incoming)),
        db(common::open_database(the_files, file, common::Synchronous::off, kSchema)) {
    // What a crash leaves of this file is thrown away, so it needs no journal; and its indexes are made when all is in.
    db.exec("PRAGMA journal_mode = DELETE");
    db.exec("PRAGMA journal_mode = OFF");
    db.exec("PRAGMA cache_size = -65536");
    db.exec("DELETE FROM meta");
    SQLite::Statement query(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    while (query.executeStep()) indexes[query.getColumn(0).getString()] = query.getColumn(1).getString();
    query.reset();
    for (const auto& [name, sql] : indexes) db.exec("DROP INDEX " + name);
  }

  void make_indexes() {
    // Each source knows a chunk once, but not all of them the same.
    db.exec("DELETE FROM chunks WHERE id NOT IN (SELECT max(id) FROM chunks GROUP BY boot_id, seq)");
    for (const auto& [name, sql] : indexes) db.exec(sql);
  }

  /// Batches that could not be taken whole were counted too.
  void count_batch_days() {
    db.exec("DELETE FROM batch_days");
    db.exec(
        "INSERT INTO batch_days SELECT received_ns / 86400000000000, node, sum(bytes) FROM batches WHERE adopted = 0 "
        "GROUP BY 1, 2");
  }

  TableYield take_rows(SalvageSource& source, const std::string& table, const Columns& columns) {
    SQLite::Statement insert(db, insert_into(table, columns));
    TableYield yield;
    yield.gaps = source.each(selected(columns, source, table), table, "1", "id", [&](SQLite::Statement& row) {
      if (!insert_row(insert, columns, row)) {
        ++yield.refused;
        return;
      }
      if (db.getChanges() == 0) return;
      ++yield.rows;
      spans.took(table, row.getColumn(0).getInt64());
      if (!row.isColumnNull(1) && !row.isColumnNull(2)) {
        identities[row.getColumn(1).getInt64()].insert(static_cast<std::uint64_t>(row.getColumn(2).getInt64()));
      }
    });
    return yield;
  }

  /// Of an older format there are none.
  TableYield take_chunks(SalvageSource& source) {
    return source.has("chunks", "id") ? take_rows(source, "chunks", kChunks) : TableYield{};
  }

  bool take_boots(SalvageSource& source) {
    SQLite::Statement insert(db, "INSERT OR IGNORE INTO boots VALUES (?, ?)");
    const auto gaps = source.each("id, boot", "boots", "1", "id", [&](SQLite::Statement& row) {
      if (!row.getColumn(1).isInteger()) return;
      insert.bind(1, row.getColumn(0).getInt64());
      insert.bind(2, row.getColumn(1).getInt64());
      common::run(insert);
    });
    return gaps.empty();
  }

  std::vector<std::int64_t> boot_ids() {
    SQLite::Statement query(db, "SELECT id FROM boots");
    std::vector<std::int64_t> ids;
    while (query.executeStep()) ids.push_back(query.getColumn(0).getInt64());
    return ids;
  }

  bool take_identities(SalvageSource& source) {
    bool whole = true;
    for (const std::int64_t boot : boot_ids()) {
      const auto gaps = source.each("low, high", "identities", cat("boot_id = ", boot), "low",
                                    [&](SQLite::Statement& row) { whole = take_range(boot, row) && whole; });
      whole = whole && gaps.empty();
    }
    return whole;
  }

  bool take_range(std::int64_t boot, SQLite::Statement& row) {
    const std::int64_t low = row.getColumn(0).getInt64();
    const std::int64_t high = row.getColumn(1).getInt64();
    if (!row.getColumn(1).isInteger() || low < 0 || high < low || high > kMaxSeq) return false;
    identities[boot].insert(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high));
    return true;
  }

  bool take_nodes(SalvageSource& source) {
    SQLite::Statement insert(db, "INSERT OR IGNORE INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?)");
    return source.each_from_both_ends(names(kNodes, [](const Column& column) { return column.name; }), "nodes", "node",
                                      [&](SQLite::Statement& row) { insert_row(insert, kNodes, row); });
  }

  void take_garbage(SalvageSource& source) {
    if (!source.has("garbage", "path")) return;
    SQLite::Statement insert(db, "INSERT OR IGNORE INTO garbage VALUES (?)");
    source.each_from_both_ends("path", "garbage", "path", [&](SQLite::Statement& row) {
      if (!row.getColumn(0).isText() || !is_inside(row.getColumn(0).getString())) return;
      bind(insert, 1, row.getColumn(0));
      common::run(insert);
    });
  }

  void take_meta(SalvageSource& source, bool older) {
    SQLite::Statement insert(db, "INSERT OR IGNORE INTO meta VALUES (?, ?)");
    source.each_from_both_ends("key, value", "meta", "key", [&](SQLite::Statement& row) {
      if (older && row.getColumn(0).getString().ends_with("_finished")) return;
      if (!row.getColumn(0).isText() || (!row.getColumn(1).isText() && !row.getColumn(1).isInteger())) return;
      bind(insert, 1, row.getColumn(0));
      bind(insert, 2, row.getColumn(1));
      common::run(insert);
    });
    source.each_from_both_ends("name, seq", "sqlite_sequence", "name", [&](SQLite::Statement& row) {
      std::int64_t& last = last_id[row.getColumn(0).getString()];
      last = std::max(last, row.getColumn(1).getInt64());
      if (!older) last_id_of_damaged[row.getColumn(0).getString()] = row.getColumn(1).getInt64();
    });
  }

  std::int64_t number(const std::string& query) {
    SQLite::Statement statement(db, query);
    return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
  }

  void write_identities() {
    SQLite::Statement insert(db, "INSERT OR REPLACE INTO identities VALUES (?, ?, ?)");
    for (const auto& [boot, seqs] : identities) {
      for (const auto& [low, high] : seqs.ranges()) {
        insert.bind(1, boot);
        insert.bind(2, static_cast<std::int64_t>(low));
        insert.bind(3, static_cast<std::int64_t>(high));
        common::run(insert);
      }
    }
    // A row whose boot nobody knows any more is like an adopted one: known by its content.
    for (const char* table : {"images", "events"}) {
      db.exec(cat("UPDATE ", table,
                  " SET boot_id = NULL, seq = NULL, adopted = 1 WHERE boot_id NOT IN (SELECT id FROM boots)"));
    }
    for (const char* table : {"identities", "chunks"}) {
      db.exec(cat("DELETE FROM ", table, " WHERE boot_id NOT IN (SELECT id FROM boots)"));
    }
  }

  /// The last of the pictures that have their names for sure. Looked for near the end only: at a crash few are on
  /// their way. A mark too low would have the start take files for unfinished that their owner has removed.
  std::int64_t last_named_image() {
    SQLite::Statement query(db, "SELECT id, incoming FROM images ORDER BY id DESC LIMIT 1000");
    std::int64_t mark = number("SELECT max(id) FROM images");
    while (query.executeStep()) {
      const std::string name = query.getColumn(1).getString();
      const bool named = name.empty() || name.find('/') != name.npos || !common::exists(files, incoming / name);
      if (!named) mark = query.getColumn(0).getInt64() - 1;
    }
    return mark;
  }

  /// Marks that are lost, or larger than what is there, would hide rows that are unfinished.
  void write_marks() {
    const std::int64_t lines = std::max<std::int64_t>(0, number("SELECT max(id) FROM events") - kUnfinishedEvents);
    for (const auto& [table, otherwise] : {std::pair{"images", last_named_image()}, {"events", lines}}) {
      const std::int64_t last = std::max(number(cat("SELECT max(id) FROM ", table)), last_id[table]);
      const std::int64_t mark = number(cat("SELECT value FROM meta WHERE key = '", table, "_finished'"));
      const bool plausible = mark > 0 && mark <= last;
      db.exec(cat("INSERT OR REPLACE INTO meta VALUES ('", table, "_finished', ", plausible ? mark : otherwise, ")"));
    }
    for (const char* table : {"images", "events", "batches"}) {
      // No id comes again.
      db.exec(cat("INSERT INTO sqlite_sequence(name, seq) SELECT '", table, "', 0 WHERE NOT EXISTS (SELECT 1 FROM ",
                  "sqlite_sequence WHERE name = '", table, "')"));
      db.exec(cat("UPDATE sqlite_sequence SET seq = max(seq, ", last_id[table], ") WHERE name = '", table, "'"));
    }
  }
};

SalvageTarget::SalvageTarget(common::FileSystem& files, const std::filesystem::path& file,
                             std::filesystem::path incoming)
    : impl_(std::make_unique<Impl>(files, file, std::move(incoming))) {}

SalvageTarget::~SalvageTarget() = default;

bool SalvageTarget::take_boots(SalvageSource& source) {
  SQLite::Transaction transaction(impl_->db);
  const bool whole = impl_->take_boots(source);
  transaction.commit();
  return whole;
}

SourceYield SalvageTarget::take(SalvageSource& source, bool older) {
  SQLite::Transaction transaction(impl_->db);
  SourceYield yield;
  yield.identities_whole = impl_->take_identities(source);
  impl_->take_meta(source, older);
  impl_->spans.read(source, older);
  if (!older) impl_->take_garbage(source);
  yield.nodes_whole = impl_->take_nodes(source);
  yield.images = impl_->take_rows(source, "images", joined(kBase, kImageOnly));
  yield.events = impl_->take_rows(source, "events", joined(kBase, kEventOnly));
  yield.batches = impl_->batches.take(source, older);
  yield.chunks = impl_->take_chunks(source);
  impl_->spans.write();
  transaction.commit();
  return yield;
}

void SalvageTarget::finish(const std::string& report) {
  SQLite::Transaction transaction(impl_->db);
  impl_->make_indexes();
  impl_->count_batch_days();
  impl_->write_identities();
  impl_->write_marks();
  impl_->db.exec(
      "INSERT OR IGNORE INTO meta VALUES ('created_ns', CAST(strftime('%s', 'now') AS INTEGER) * 1000000000)");
  SQLite::Statement meta(impl_->db, "INSERT OR REPLACE INTO meta VALUES ('salvage_report', ?)");
  meta.bind(1, report);
  common::run(meta);
  transaction.commit();
}

std::vector<Loss> SalvageTarget::losses(const std::string& table, const std::vector<Gap>& gaps) {
  std::vector<Loss> found;
  for (const Gap& gap : gaps) {
    const auto end = impl_->last_id_of_damaged.find(table);
    const bool open = !gap.last && end == impl_->last_id_of_damaged.end();
    const std::int64_t first = open ? std::max(gap.first, impl_->last_id[table] + 1) : gap.first;
    const std::int64_t last = open ? first : gap.last ? *gap.last : end->second;
    Loss loss{table, first, last, {}, 0, 0};
    if (!open) {
      const std::int64_t there =
          impl_->number(cat("SELECT count(*) FROM ", table, " WHERE id BETWEEN ", first, " AND ", last));
      if (there > last - first) continue;
      loss.missing = static_cast<std::uint64_t>(last - first + 1 - there);
    }
    loss.from_ns =
        impl_->number(cat("SELECT time_ns FROM ", table, " WHERE id < ", loss.first, " ORDER BY id DESC LIMIT 1"));
    loss.to_ns = impl_->number(cat("SELECT time_ns FROM ", table, " WHERE id > ", loss.last, " ORDER BY id LIMIT 1"));
    found.push_back(loss);
  }
  return found;
}

}  // namespace imagehub
