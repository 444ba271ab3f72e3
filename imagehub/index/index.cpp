#include "imagehub/index/index.hpp"

#include <random>
#include <stdexcept>
#include <unordered_map>

#include "common/clock.hpp"
#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/index/read_rows.hpp"
#include "imagehub/index/schema.hpp"
#include "imagehub/index/seq_ranges.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr const char* kBaseColumns =
    "boot_id, seq, node, view, source, text, time_ns, received_ns, clock_error_us, late, payload_crc, fields, units, "
    "adopted";

/// More boots than a farm ever has at once; a sender that invents boots costs look-ups, not memory.
constexpr std::size_t kMaxCachedBoots = 4096;

/// Of so many chunks of rows the index knows what was in them, in a few megabytes.
constexpr std::int64_t kChunks = 100'000;

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
                                      ") VALUES (?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  SQLite::Statement add_event{db, "INSERT INTO events(log_day, log_offset, " + std::string(kBaseColumns) +
                                      ") VALUES (?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  SQLite::Statement add_chunk{db, "INSERT OR REPLACE INTO chunks(boot_id, seq, text, payload_crc) VALUES (?,?,?,?)"};
  /// SQLite subtracts: numbers of a damaged index cannot overflow there.
  SQLite::Statement forget_chunks{db, cat("DELETE FROM chunks WHERE id <= ? - ", kChunks)};
  SQLite::Statement write_meta{db, "INSERT OR REPLACE INTO meta VALUES (?, ?)"};

  SQLite::Statement adopted_image{db, kSelectImages + "WHERE t.adopted = 1 AND t.boot_id IS NULL AND t.path = ?"};
  SQLite::Statement adopted_event{db, kSelectEvents +
                                          "WHERE t.adopted = 1 AND t.boot_id IS NULL AND t.time_ns >= ? AND "
                                          "t.time_ns < ? AND t.text = ? ORDER BY t.id LIMIT 1"};
  /// Whether there are adopted rows without identity at all: most hubs have none.
  bool has_adopted = false;

  explicit Impl(SQLite::Database opened) : db(std::move(opened)) {
    for (const char* table : {"images", "events"}) {
      SQLite::Statement query(db, cat("SELECT 1 FROM ", table, " WHERE adopted = 1 AND boot_id IS NULL LIMIT 1"));
      has_adopted = has_adopted || query.executeStep();
    }
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

  template <typename Row>
  std::optional<Row> first_row(SQLite::Statement& query);
  void identify(const char* table, const RowBase& row);

  void write_ranges() {
    for (const std::uint64_t value : touched) {
      Boot& boot = boots.at(value);
      for (const std::uint64_t low : boot.seqs.removed()) {
        delete_range.bind(1, boot.id);
        delete_range.bind(2, to_sql(low));
        common::run(delete_range);
      }
      for (const std::uint64_t low : boot.seqs.changed()) {
        write_range.bind(1, boot.id);
        write_range.bind(2, to_sql(low));
        write_range.bind(3, to_sql(boot.seqs.ranges().at(low)));
        common::run(write_range);
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
    statement.bind(at + 13, row.adopted ? 1 : 0);
    has_adopted = has_adopted || row.adopted;
  }
};

namespace {

std::uint64_t random_id() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

SQLite::Database open(const common::FileSystem& files, const std::filesystem::path& file, Durability durability) {
  const auto synchronous = durability == Durability::synced ? common::Synchronous::full : common::Synchronous::off;
  SQLite::Database db = common::open_database(files, file, synchronous, kSchema);
  db.exec(common::cat("INSERT OR IGNORE INTO meta VALUES ('hub_id', '", common::hex64(random_id()), "')"));
  return db;
}

}  // namespace

Index::Index(const common::FileSystem& files, const std::filesystem::path& file, Durability durability)
    : impl_(std::make_unique<Impl>(open(files, file, durability))) {}

Index::~Index() = default;

SQLite::Database& Index::database() {
  return impl_->db;
}

std::string Index::hub_id() const {
  return impl_->db.execAndGet("SELECT value FROM meta WHERE key = 'hub_id'").getString();
}

Index::Transaction::Transaction(Index& index) : index_(index) {
  common::run(index_.impl_->begin);
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
  common::run(index_.impl_->commit);
  committed_ = true;
}

bool Index::contains(const Identity& identity) {
  const Boot* boot = impl_->boot(identity.boot, false);
  return boot != nullptr && boot->seqs.contains(identity.seq);
}

std::uint64_t Index::count(std::uint64_t boot, std::uint64_t last) {
  const Boot* known = impl_->boot(boot, false);
  return known == nullptr ? 0 : known->seqs.count_to(last);
}

std::optional<Index::Content> Index::find(const Identity& identity) {
  const Boot* boot = impl_->boot(identity.boot, false);
  if (boot == nullptr) return std::nullopt;
  for (const char* table : {"images", "events", "chunks"}) {
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
  insert.bind(3, row.crc ? static_cast<std::int64_t>(*row.crc) : kNoCrc);
  insert.bindNoCopy(4, row.incoming);
  impl_->bind_base(insert, 5, row);
  common::run(insert);
  row.id = impl_->db.getLastInsertRowid();
}

void Index::add(const Identity& identity, const Content& chunk) {
  Boot& boot = impl_->touch(identity.boot);
  boot.seqs.insert(identity.seq);
  SQLite::Statement& insert = impl_->add_chunk;
  insert.bind(1, boot.id);
  insert.bind(2, to_sql(identity.seq));
  insert.bindNoCopy(3, chunk.text);
  insert.bind(4, static_cast<std::int64_t>(chunk.payload_crc));
  common::run(insert);
  SQLite::Statement& forget = impl_->forget_chunks;
  forget.bind(1, impl_->db.getLastInsertRowid());
  common::run(forget);
}

void Index::add(EventRow& row) {
  SQLite::Statement& insert = impl_->add_event;
  insert.bindNoCopy(1, row.log_day);
  insert.bind(2, row.log_offset);
  impl_->bind_base(insert, 3, row);
  common::run(insert);
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
    common::run(impl_->write_meta);
  }
}

std::vector<ImageRow> Index::unfinished_images() {
  SQLite::Statement query(impl_->db, kSelectImages + "WHERE t.id > ? ORDER BY t.id");
  query.bind(1, finished().image_id);
  return read_rows<ImageRow>(query);
}

std::vector<EventRow> Index::unfinished_events(std::int64_t finished_event_id) {
  SQLite::Statement query(impl_->db, kSelectEvents + "WHERE t.id > ? ORDER BY t.id LIMIT 1000");
  query.bind(1, finished_event_id);
  return read_rows<EventRow>(query);
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

void Index::remove_image(std::int64_t image_id) {
  SQLite::Statement remove(impl_->db, "DELETE FROM images WHERE id = ?");
  remove.bind(1, image_id);
  common::run(remove);
}

template <typename Row>
std::optional<Row> Index::Impl::first_row(SQLite::Statement& query) {
  auto rows = read_rows<Row>(query);
  query.reset();
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::optional<ImageRow> Index::find_adopted_image(const std::string& path) {
  if (!impl_->has_adopted) return std::nullopt;
  SQLite::Statement& query = impl_->adopted_image;
  query.tryReset();
  query.bind(1, path);
  return impl_->first_row<ImageRow>(query);
}

std::optional<EventRow> Index::find_adopted_event(const std::string& text, std::int64_t time_ns) {
  if (!impl_->has_adopted) return std::nullopt;
  const std::int64_t from_ns = time_ns - time_ns % common::kMillisecond;
  SQLite::Statement& query = impl_->adopted_event;
  query.tryReset();
  query.bind(1, from_ns);
  query.bind(2, from_ns + common::kMillisecond);
  query.bind(3, text);
  return impl_->first_row<EventRow>(query);
}

void Index::Impl::identify(const char* table, const RowBase& row) {
  SQLite::Statement update(
      db, cat("UPDATE ", table, " SET (", kBaseColumns, ") = (?,?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE id = ?"));
  bind_base(update, 1, row);
  update.bind(kBaseColumnCount + 1, row.id);
  common::run(update);
}

void Index::identify(const ImageRow& row) {
  impl_->identify("images", row);
}

void Index::identify(const EventRow& row) {
  impl_->identify("events", row);
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

std::optional<std::string> Index::salvage_report() {
  SQLite::Statement query(impl_->db, "SELECT value FROM meta WHERE key = 'salvage_report'");
  if (!query.executeStep()) return std::nullopt;
  return query.getColumn(0).getString();
}

void Index::clear_salvage_report() {
  impl_->db.exec("DELETE FROM meta WHERE key = 'salvage_report'");
}

}  // namespace imagehub
