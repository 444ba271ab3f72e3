#include "imagehub/index/index.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <random>
#include <stdexcept>
#include <system_error>
#include <unordered_map>

#include "common/text.hpp"
#include "imagehub/index/schema.hpp"
#include "imagehub/index/seq_ranges.hpp"

namespace imagehub {
namespace {

/// SQLite integers are signed; the bits of a boot are kept.
std::int64_t to_sql(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t from_sql(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

constexpr const char* kBaseColumns =
    "boot_id, seq, node, view, source, text, time_ns, received_ns, clock_error_us, late, payload_crc, fields, units";
constexpr int kBaseColumnCount = 13;

/// More boots than a farm ever has at once; a sender that invents boots costs look-ups, not memory.
constexpr std::size_t kMaxCachedBoots = 4096;

struct Boot {
  std::int64_t id = 0;
  SeqRanges seqs;
};

}  // namespace

struct Index::Impl {
  SQLite::Database db;
  std::unordered_map<std::uint64_t, Boot> boots;
  std::vector<std::uint64_t> touched;

  SQLite::Statement begin{db, "BEGIN IMMEDIATE"};
  SQLite::Statement commit{db, "COMMIT"};
  SQLite::Statement find_boot{db, "SELECT id FROM boots WHERE boot = ?"};
  SQLite::Statement load_ranges{db, "SELECT low, high FROM identities WHERE boot_id = ?"};
  SQLite::Statement delete_range{db, "DELETE FROM identities WHERE boot_id = ? AND low = ?"};
  SQLite::Statement write_range{db, "INSERT OR REPLACE INTO identities VALUES (?, ?, ?)"};
  SQLite::Statement add_image{db, "INSERT INTO images(path, bytes, crc, incoming, " + std::string(kBaseColumns) +
                                      ") VALUES (?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  SQLite::Statement add_event{db, "INSERT INTO events(log_day, log_offset, " + std::string(kBaseColumns) +
                                      ") VALUES (?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  SQLite::Statement write_meta{db, "INSERT OR REPLACE INTO meta VALUES (?, ?)"};

  explicit Impl(SQLite::Database opened) : db(std::move(opened)) {}

  static void run(SQLite::Statement& statement) {
    try {
      statement.exec();
    } catch (const SQLite::Exception& error) {
      statement.tryReset();
      if (error.getErrorCode() == SQLITE_FULL) {
        throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "cannot write the index");
      }
      throw;
    }
    statement.reset();
  }

  std::int64_t meta_number(const char* key) {
    SQLite::Statement query(db, "SELECT value FROM meta WHERE key = ?");
    query.bind(1, key);
    return query.executeStep() ? query.getColumn(0).getInt64() : 0;
  }

  /// The cached state of a boot, read from the database at its first use; created there when `create`.
  Boot* boot(std::uint64_t value, bool create) {
    if (const auto at = boots.find(value); at != boots.end()) return &at->second;
    find_boot.tryReset();
    load_ranges.tryReset();
    find_boot.bind(1, to_sql(value));
    Boot loaded;
    if (find_boot.executeStep()) {
      loaded.id = find_boot.getColumn(0).getInt64();
    } else if (create) {
      SQLite::Statement insert(db, "INSERT INTO boots(boot) VALUES (?)");
      insert.bind(1, to_sql(value));
      insert.exec();
      loaded.id = db.getLastInsertRowid();
    } else {
      return nullptr;
    }
    find_boot.reset();
    load_ranges.bind(1, loaded.id);
    while (load_ranges.executeStep()) {
      loaded.seqs.load(from_sql(load_ranges.getColumn(0).getInt64()), from_sql(load_ranges.getColumn(1).getInt64()));
    }
    load_ranges.reset();
    if (boots.size() >= kMaxCachedBoots && touched.empty()) boots.clear();
    return &boots.insert_or_assign(value, std::move(loaded)).first->second;
  }

  Boot& touch(std::uint64_t value) {
    Boot* found = boot(value, true);
    touched.push_back(value);
    return *found;
  }

  void write_ranges() {
    for (const std::uint64_t value : touched) {
      Boot& boot = boots.at(value);
      for (const std::uint64_t low : boot.seqs.removed()) {
        delete_range.bind(1, boot.id);
        delete_range.bind(2, to_sql(low));
        run(delete_range);
      }
      for (const std::uint64_t low : boot.seqs.changed()) {
        write_range.bind(1, boot.id);
        write_range.bind(2, to_sql(low));
        write_range.bind(3, to_sql(boot.seqs.ranges().at(low)));
        run(write_range);
      }
      boot.seqs.clear_changes();
    }
  }

  void bind_base(SQLite::Statement& statement, int at, const RowBase& row) {
    if (row.identity) {
      Boot& boot = touch(row.identity->boot);
      boot.seqs.insert(row.identity->seq);
      statement.bind(at, boot.id);
      statement.bind(at + 1, to_sql(row.identity->seq));
    } else {
      statement.bind(at);
      statement.bind(at + 1);
    }
    statement.bindNoCopy(at + 2, row.node);
    statement.bindNoCopy(at + 3, row.view);
    statement.bindNoCopy(at + 4, row.source);
    statement.bindNoCopy(at + 5, row.text);
    statement.bind(at + 6, row.time_ns);
    statement.bind(at + 7, row.received_ns);
    if (row.clock_error_us) {
      statement.bind(at + 8, *row.clock_error_us);
    } else {
      statement.bind(at + 8);
    }
    statement.bind(at + 9, row.late ? 1 : 0);
    statement.bind(at + 10, static_cast<std::int64_t>(row.payload_crc));
    statement.bindNoCopy(at + 11, row.fields);
    statement.bindNoCopy(at + 12, row.units);
  }

  /// Columns `boot, seq, node ...`, as kBaseColumns but with the boot's own value in place of its id.
  static void read_base(SQLite::Statement& query, int at, RowBase& row) {
    if (!query.isColumnNull(at)) {
      row.identity = Identity{from_sql(query.getColumn(at).getInt64()), from_sql(query.getColumn(at + 1).getInt64())};
    }
    row.node = query.getColumn(at + 2).getString();
    row.view = query.getColumn(at + 3).getString();
    row.source = query.getColumn(at + 4).getString();
    row.text = query.getColumn(at + 5).getString();
    row.time_ns = query.getColumn(at + 6).getInt64();
    row.received_ns = query.getColumn(at + 7).getInt64();
    if (!query.isColumnNull(at + 8)) row.clock_error_us = query.getColumn(at + 8).getInt64();
    row.late = query.getColumn(at + 9).getInt() != 0;
    row.payload_crc = static_cast<std::uint32_t>(query.getColumn(at + 10).getInt64());
    row.fields = query.getColumn(at + 11).getString();
    row.units = query.getColumn(at + 12).getString();
  }

  std::string select_base(const char* table, const char* own_columns) const {
    return common::cat(
        "SELECT t.id, b.boot, t.seq, node, view, source, text, time_ns, received_ns, clock_error_us, late, ",
        "payload_crc, fields, units, ", own_columns, " FROM ", table, " t LEFT JOIN boots b ON b.id = t.boot_id ");
  }
};

namespace {

std::uint64_t random_id() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

/// Opens or creates; a database of a newer program is refused, not damaged.
SQLite::Database open(const std::filesystem::path& file, Durability durability) {
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec(durability == Durability::synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version > kSchemaVersion) {
    throw std::runtime_error(common::cat(file.string(), " was written by a newer imagehub (format ", version,
                                         ", this one knows ", kSchemaVersion, "); install that version again"));
  }
  if (version == 0) {
    SQLite::Transaction transaction(db);
    db.exec(kSchema);
    db.exec(common::cat("INSERT INTO meta VALUES ('hub_id', '", common::hex64(random_id()), "')"));
    db.exec(common::cat("PRAGMA user_version = ", kSchemaVersion));
    transaction.commit();
  }
  return db;
}

}  // namespace

Index::Index(const std::filesystem::path& file, Durability durability)
    : impl_(std::make_unique<Impl>(open(file, durability))) {}

Index::~Index() = default;

std::string Index::hub_id() const {
  return impl_->db.execAndGet("SELECT value FROM meta WHERE key = 'hub_id'").getString();
}

Index::Transaction::Transaction(Index& index) : index_(index) {
  Impl::run(index_.impl_->begin);
}

Index::Transaction::~Transaction() {
  Impl& impl = *index_.impl_;
  if (!committed_) {
    // What the cache learnt in this transaction is not true.
    for (const std::uint64_t boot : impl.touched) impl.boots.erase(boot);
    impl.commit.tryReset();
    impl.db.tryExec("ROLLBACK");
  }
  impl.touched.clear();
}

void Index::Transaction::commit() {
  index_.impl_->write_ranges();
  Impl::run(index_.impl_->commit);
  committed_ = true;
}

bool Index::contains(const Identity& identity) {
  const Boot* boot = impl_->boot(identity.boot, false);
  return boot != nullptr && boot->seqs.contains(identity.seq);
}

std::optional<Index::Content> Index::find(const Identity& identity) {
  const Boot* boot = impl_->boot(identity.boot, false);
  if (boot == nullptr) return std::nullopt;
  for (const char* table : {"images", "events"}) {
    SQLite::Statement query(impl_->db,
                            common::cat("SELECT text, payload_crc FROM ", table, " WHERE boot_id = ? AND seq = ?"));
    query.bind(1, boot->id);
    query.bind(2, to_sql(identity.seq));
    if (query.executeStep()) {
      return Content{query.getColumn(0).getString(), static_cast<std::uint32_t>(query.getColumn(1).getInt64())};
    }
  }
  return std::nullopt;
}

void Index::add(ImageRow& row) {
  SQLite::Statement& insert = impl_->add_image;
  insert.bindNoCopy(1, row.path);
  insert.bind(2, to_sql(row.bytes));
  insert.bind(3, static_cast<std::int64_t>(row.crc));
  insert.bindNoCopy(4, row.incoming);
  impl_->bind_base(insert, 5, row);
  Impl::run(insert);
  row.id = impl_->db.getLastInsertRowid();
}

void Index::add(EventRow& row) {
  SQLite::Statement& insert = impl_->add_event;
  insert.bindNoCopy(1, row.log_day);
  insert.bind(2, row.log_offset);
  impl_->bind_base(insert, 3, row);
  Impl::run(insert);
  row.id = impl_->db.getLastInsertRowid();
}

Index::Finished Index::finished() {
  return {impl_->meta_number("images_finished"), impl_->meta_number("events_finished")};
}

void Index::set_finished(const Finished& finished) {
  for (const auto& [key, value] :
       {std::pair{"images_finished", finished.image_id}, std::pair{"events_finished", finished.event_id}}) {
    impl_->write_meta.bind(1, key);
    impl_->write_meta.bind(2, value);
    Impl::run(impl_->write_meta);
  }
}

std::vector<ImageRow> Index::unfinished_images() {
  SQLite::Statement query(impl_->db,
                          impl_->select_base("images", "path, bytes, crc, incoming") + "WHERE t.id > ? ORDER BY t.id");
  query.bind(1, finished().image_id);
  std::vector<ImageRow> rows;
  while (query.executeStep()) {
    ImageRow& row = rows.emplace_back();
    row.id = query.getColumn(0).getInt64();
    Impl::read_base(query, 1, row);
    row.path = query.getColumn(kBaseColumnCount + 1).getString();
    row.bytes = from_sql(query.getColumn(kBaseColumnCount + 2).getInt64());
    row.crc = static_cast<std::uint32_t>(query.getColumn(kBaseColumnCount + 3).getInt64());
    row.incoming = query.getColumn(kBaseColumnCount + 4).getString();
  }
  return rows;
}

std::vector<EventRow> Index::unfinished_events(std::int64_t finished_event_id) {
  SQLite::Statement query(
      impl_->db, impl_->select_base("events", "log_day, log_offset") + "WHERE t.id > ? ORDER BY t.id LIMIT 1000");
  query.bind(1, finished_event_id);
  std::vector<EventRow> rows;
  while (query.executeStep()) {
    EventRow& row = rows.emplace_back();
    row.id = query.getColumn(0).getInt64();
    Impl::read_base(query, 1, row);
    row.log_day = query.getColumn(kBaseColumnCount + 1).getString();
    row.log_offset = query.getColumn(kBaseColumnCount + 2).getInt64();
  }
  return rows;
}

void Index::remove_unfinished(const ImageRow& row) {
  SQLite::Statement remove(impl_->db, "DELETE FROM images WHERE id = ?");
  remove.bind(1, row.id);
  remove.exec();
  if (row.identity) impl_->touch(row.identity->boot).seqs.erase(row.identity->seq);
}

void Index::move_image(std::int64_t image_id, const std::string& path) {
  SQLite::Statement update(impl_->db, "UPDATE images SET path = ? WHERE id = ?");
  update.bind(1, path);
  update.bind(2, image_id);
  update.exec();
}

void Index::move_line(std::int64_t event_id, const std::string& log_day, std::int64_t log_offset) {
  SQLite::Statement update(impl_->db, "UPDATE events SET log_day = ?, log_offset = ? WHERE id = ?");
  update.bind(1, log_day);
  update.bind(2, log_offset);
  update.bind(3, event_id);
  update.exec();
}

std::uint64_t Index::images_received_since(std::int64_t utc_ns) {
  SQLite::Statement query(impl_->db, "SELECT count(*) FROM images WHERE received_ns >= ?");
  query.bind(1, utc_ns);
  query.executeStep();
  return from_sql(query.getColumn(0).getInt64());
}

bool Index::has_own_event(const std::string& text, std::int64_t since_utc_ns) {
  SQLite::Statement query(impl_->db,
                          "SELECT 1 FROM events WHERE time_ns >= ? AND text = ? AND node = 'imagehub' LIMIT 1");
  query.bind(1, since_utc_ns);
  query.bind(2, text);
  return query.executeStep();
}

std::vector<common::NodeRecord> Index::nodes() {
  SQLite::Statement query(impl_->db,
                          "SELECT node, first_seen_ns, last_seen_ns, version, host, heartbeat_s, lost, images, events, "
                          "bytes FROM nodes");
  std::vector<common::NodeRecord> rows;
  while (query.executeStep()) {
    rows.push_back({query.getColumn(0).getString(), query.getColumn(1).getInt64(), query.getColumn(2).getInt64(),
                    query.getColumn(3).getString(), query.getColumn(4).getString(), query.getColumn(5).getDouble(),
                    query.getColumn(6).getInt() != 0, from_sql(query.getColumn(7).getInt64()),
                    from_sql(query.getColumn(8).getInt64()), from_sql(query.getColumn(9).getInt64())});
  }
  return rows;
}

void Index::save(const common::NodeRecord& row) {
  SQLite::Statement write(impl_->db, "INSERT OR REPLACE INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?)");
  write.bind(1, row.node);
  write.bind(2, row.first_seen_ns);
  write.bind(3, row.last_seen_ns);
  write.bind(4, row.version);
  write.bind(5, row.host);
  write.bind(6, row.heartbeat_s);
  write.bind(7, row.lost ? 1 : 0);
  write.bind(8, to_sql(row.images));
  write.bind(9, to_sql(row.events));
  write.bind(10, to_sql(row.bytes));
  write.exec();
}

}  // namespace imagehub
