#include "imagenode/link/spool.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "common/database.hpp"
#include "common/files.hpp"
#include "common/text.hpp"
#include "common/wire.hpp"
#include "imagenode/link/spool_row.hpp"
#include "imagenode/link/spool_schema.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::DeliveryClass;

/// What an empty spool may keep of the disk for its next use.
constexpr std::int64_t kKeptWhenEmpty = 16 * 1024 * 1024;

/// SQLite's integers are signed; the bits are kept.
std::int64_t to_sql(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t from_sql(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

void bind_payload(SQLite::Statement& statement, int at, const common::Payload& payload) {
  // Without an address SQLite would take an empty payload for NULL.
  const void* bytes = payload.empty() ? "" : static_cast<const void*>(payload.view().data());
  statement.bindNoCopy(at, bytes, static_cast<int>(payload.size()));
}

SQLite::Database open(const common::FileSystem& files, const std::filesystem::path& file) {
  SQLite::Database db = common::open_database(files, file, common::Synchronous::full, {kSpoolSchema});
  // Debian's SQLite overwrites what is deleted: twice the wear for pictures that the hub has anyway.
  db.exec("PRAGMA secure_delete = OFF");
  return db;
}

}  // namespace

std::uint64_t SpoolCounts::total() const {
  return std::accumulate(messages.begin(), messages.end(), std::uint64_t{0});
}

std::string kernel_boot_id() {
  return std::string(common::trimmed(common::read_text_file("/proc/sys/kernel/random/boot_id")));
}

struct Spool::Impl {
  Impl(SQLite::Database opened, std::uint64_t the_boot, std::string the_kernel, const common::Clock& the_clock)
      : db(std::move(opened)), boot(the_boot), kernel(std::move(the_kernel)), clock(the_clock) {}

  SQLite::Database db;
  const std::uint64_t boot;
  const std::string kernel;
  const common::Clock& clock;
  SpoolCounts counts;
  std::uint64_t damaged = 0;
  std::int64_t kernel_id = -1;  ///< of this kernel
  bool offset_known = false;
  bool durable = true;
  std::unordered_map<std::uint64_t, std::int64_t> boot_ids;
  std::unordered_map<std::int64_t, std::uint64_t> boots;

  SQLite::Statement insert_payload{db, "INSERT INTO payloads(payload) VALUES (?)"};
  SQLite::Statement insert{db, "INSERT INTO messages VALUES (?,?,?,?,?,?,?,?,?)"};
  SQLite::Statement find{
      db, "SELECT class, late, bytes, payload_id FROM messages WHERE class IN (0, 1, 2) AND boot_id = ? AND seq = ?"};
  SQLite::Statement set_late{db, "UPDATE messages SET late = 1 WHERE class = ? AND boot_id = ? AND seq = ?"};
  SQLite::Statement delete_message{db, "DELETE FROM messages WHERE class = ? AND boot_id = ? AND seq = ?"};
  SQLite::Statement select_payload{db, kSelectPayload};
  SQLite::Statement delete_payload{db, "DELETE FROM payloads WHERE id = ?"};

  /// Does all or nothing, and tells errors as the header promises.
  template <typename Work>
  void transaction(bool must_last, Work work) {
    const SpoolCounts before = counts;
    try {
      if (durable != must_last) db.exec(must_last ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      durable = must_last;
      db.exec("BEGIN IMMEDIATE");
      work();
      db.exec("COMMIT");
    } catch (...) {
      counts = before;
      for (auto* statement : {&insert_payload, &insert, &find, &set_late, &delete_message, &delete_payload}) {
        statement->tryReset();
      }
      db.tryExec("ROLLBACK");
      boot_ids.clear();
      boots.clear();
      kernel_id = -1;
      offset_known = false;
      rethrow_current();
    }
  }

  [[noreturn]] static void rethrow_current() {
    try {
      throw;
    } catch (const SQLite::Exception& error) {
      common::rethrow(error);
    }
  }

  /// Row of this start; -1 while it has none.
  std::int64_t own_boot_id() { return find_boot(boot).value_or(-1); }

  std::optional<std::int64_t> find_boot(std::uint64_t value) {
    if (const auto known = boot_ids.find(value); known != boot_ids.end()) return known->second;
    SQLite::Statement query(db, "SELECT iif(id = rowid, id, NULL) FROM boots WHERE boot = ?");
    query.bind(1, to_sql(value));
    if (!query.executeStep()) return std::nullopt;
    if (query.isColumnNull(0)) throw common::CorruptDatabase("the spool is damaged: its schema gives boots no numbers");
    return boot_ids[value] = query.getColumn(0).getInt64();
  }

  std::int64_t id_of_boot(std::uint64_t value) {
    if (const auto known = find_boot(value)) return *known;
    SQLite::Statement add(db, "INSERT INTO boots(boot) VALUES (?)");
    add.bind(1, to_sql(value));
    add.exec();
    return find_boot(value).value();
  }

  std::uint64_t boot_with(std::int64_t id) {
    if (const auto known = boots.find(id); known != boots.end()) return known->second;
    SQLite::Statement query(db, "SELECT boot FROM boots WHERE id = ?");
    query.bind(1, id);
    return boots[id] = query.executeStep() ? from_sql(query.getColumn(0).getInt64()) : 0;
  }

  /// The row of this run of the kernel; and the offset of its clock to UTC, once that is known.
  void note_kernel() {
    if (kernel_id < 0) {
      SQLite::Statement add(db, "INSERT OR IGNORE INTO kernels(kernel) VALUES (?)");
      add.bind(1, kernel);
      add.exec();
      SQLite::Statement query(db, "SELECT id, utc_offset_ns IS NOT NULL FROM kernels WHERE kernel = ?");
      query.bind(1, kernel);
      query.executeStep();
      kernel_id = query.getColumn(0).getInt64();
      offset_known = query.getColumn(1).getInt() != 0;
    }
    if (offset_known || !clock.synchronised()) return;
    SQLite::Statement update(db, "UPDATE kernels SET utc_offset_ns = ? WHERE id = ?");
    update.bind(1, clock.utc_of(0));
    update.bind(2, kernel_id);
    update.exec();
    offset_known = true;
  }

  void add(const SpoolRow& row) {
    const common::Message& message = *row.message;
    const Identity identity = identity_of(message);
    const std::int64_t id = id_of_boot(identity.boot);
    const auto delivery_class = class_of(message);
    if (const auto there = found(id, identity.seq)) {
      if (row.late && !there->late) make_late(there->delivery_class, id, identity);
      return;
    }
    const std::string metadata = common::encode_metadata(message, std::nullopt);
    bind_payload(insert_payload, 1, message.payload);
    common::run(insert_payload);
    insert.bind(1, static_cast<int>(delivery_class));
    insert.bind(2, id);
    insert.bind(3, to_sql(identity.seq));
    insert.bind(4, row.late ? 1 : 0);
    insert.bind(5, kernel_id);
    insert.bind(6, message.monotonic_ns);
    const std::uint64_t bytes = metadata.size() + message.payload.size();
    insert.bind(7, to_sql(bytes));
    insert.bind(8, db.getLastInsertRowid());
    insert.bindNoCopy(9, metadata);
    common::run(insert);
    ++counts.messages[index_of(delivery_class)];
    if (row.late || identity.boot != boot) ++counts.late[index_of(delivery_class)];
    counts.bytes += bytes;
  }

  void make_late(DeliveryClass delivery_class, std::int64_t id, const Identity& identity) {
    set_late.bind(1, static_cast<int>(delivery_class));
    set_late.bind(2, id);
    set_late.bind(3, to_sql(identity.seq));
    common::run(set_late);
    if (identity.boot == boot) ++counts.late[index_of(delivery_class)];
  }

  struct Found {
    DeliveryClass delivery_class;
    bool late;
    std::uint64_t bytes;
    std::int64_t payload_id;
  };
  std::optional<Found> found(std::int64_t id, std::uint64_t seq) {
    find.bind(1, id);
    find.bind(2, to_sql(seq));
    std::optional<Found> row;
    if (find.executeStep()) {
      row = Found{static_cast<DeliveryClass>(find.getColumn(0).getInt()), find.getColumn(1).getInt() != 0,
                  from_sql(find.getColumn(2).getInt64()), find.getColumn(3).getInt64()};
    }
    find.reset();
    return row;
  }

  void drop(const Identity& identity) {
    const auto id = find_boot(identity.boot);
    const auto row = id ? found(*id, identity.seq) : std::nullopt;
    if (!row) return;
    delete_payload.bind(1, row->payload_id);
    common::run(delete_payload);
    delete_message.bind(1, static_cast<int>(row->delivery_class));
    delete_message.bind(2, *id);
    delete_message.bind(3, to_sql(identity.seq));
    common::run(delete_message);
    const auto at = index_of(row->delivery_class);
    --counts.messages[at];
    if (row->late || identity.boot != boot) --counts.late[at];
    counts.bytes -= row->bytes;
  }

  /// Takes out what cannot be read back: by its place, since its identity may be part of the damage.
  void drop_rotten(DeliveryClass delivery_class, const std::vector<std::pair<std::int64_t, std::int64_t>>& places) {
    SQLite::Statement free_payload(db,
                                   "DELETE FROM payloads WHERE id = (SELECT payload_id FROM messages WHERE class = ? "
                                   "AND boot_id = ? AND seq = ?)");
    for (const auto& [boot_id, seq] : places) {
      for (SQLite::Statement* statement : {&free_payload, &delete_message}) {
        statement->bind(1, static_cast<int>(delivery_class));
        statement->bind(2, boot_id);
        statement->bind(3, seq);
        common::run(*statement);
      }
      // Seen by reading in order, and not found by its key: the file is damaged more than SQLite says.
      if (db.execAndGet("SELECT changes()").getInt() == 0) {
        throw common::CorruptDatabase("a damaged row of the spool cannot be removed");
      }
    }
    counts = {};
    count();
  }

  /// Under a new id when it has none.
  void add_aside(const SetAside& row) {
    SQLite::Statement add(db, "INSERT OR IGNORE INTO set_aside VALUES (nullif(?, 0),?,?,?,?,?)");
    add.bind(1, row.id);
    add.bind(2, row.utc_ns);
    add.bind(3, row.reason);
    add.bind(4, to_sql(row.metadata.size() + row.payload.size()));
    add.bind(5, row.metadata);
    bind_payload(add, 6, row.payload);
    add.exec();
  }

  void count() {
    SQLite::Statement query(
        db, "SELECT class, count(*), sum(late <> 0 OR boot_id <> ?), sum(bytes) FROM messages GROUP BY class");
    query.bind(1, own_boot_id());
    while (query.executeStep()) {
      const auto at = static_cast<std::size_t>(query.getColumn(0).getInt()) % counts.messages.size();
      counts.messages[at] = from_sql(query.getColumn(1).getInt64());
      counts.late[at] = from_sql(query.getColumn(2).getInt64());
      counts.bytes += from_sql(query.getColumn(3).getInt64());
    }
  }
};

Spool::Spool(common::FileSystem& files, const std::filesystem::path& file, std::uint64_t boot,
             const std::string& kernel, const common::Clock& clock) {
  common::make_folders(files, file.parent_path());
  try {
    impl_ = std::make_unique<Impl>(open(files, file), boot, kernel, clock);
    impl_->db.exec("DELETE FROM messages WHERE class < 0 OR class > 2");  // of a damaged file; nobody would read them
    impl_->db.exec("DELETE FROM boots WHERE id NOT IN (SELECT boot_id FROM messages)");
    impl_->db.exec("DELETE FROM kernels WHERE id NOT IN (SELECT kernel_id FROM messages)");
    impl_->count();
  } catch (const SQLite::Exception&) {
    Impl::rethrow_current();
  }
}

Spool::~Spool() = default;

void Spool::append(const std::vector<SpoolRow>& rows) {
  impl_->transaction(true, [&] {
    impl_->note_kernel();
    for (const SpoolRow& row : rows) impl_->add(row);
  });
}

void Spool::remove(const std::vector<Identity>& identities) {
  impl_->transaction(false, [&] {
    if (impl_->kernel_id >= 0) impl_->note_kernel();
    for (const Identity& identity : identities) impl_->drop(identity);
  });
}

std::vector<common::MessagePtr> Spool::read(DeliveryClass delivery_class, Order order, const std::set<Identity>& skip,
                                            std::size_t max_messages, std::size_t max_bytes) {
  std::vector<common::MessagePtr> messages;
  std::vector<std::pair<std::int64_t, std::int64_t>> rotten;  // boot_id and seq
  std::size_t bytes = 0;
  try {
    const char* direction = order == Order::oldest_first ? "" : " DESC";
    SQLite::Statement query(impl_->db, cat(kSelectRows, "WHERE m.class = ? AND (m.late <> 0 OR m.boot_id <> ?) ",
                                           "ORDER BY m.boot_id", direction, ", m.seq", direction));
    query.bind(1, static_cast<int>(delivery_class));
    query.bind(2, impl_->own_boot_id());
    while (messages.size() < max_messages && query.executeStep()) {
      const Identity identity{impl_->boot_with(query.getColumn(0).getInt64()), from_sql(query.getColumn(1).getInt64())};
      if (skip.contains(identity)) continue;
      bytes += static_cast<std::size_t>(query.getColumn(3).getInt64());
      if (!messages.empty() && bytes > max_bytes) break;
      auto message = restored(query, impl_->select_payload, impl_->kernel, impl_->clock);
      if (message && identity_of(*message) == identity && class_of(*message) == delivery_class) {
        messages.push_back(std::move(message));
      } else {
        rotten.emplace_back(query.getColumn(0).getInt64(), query.getColumn(1).getInt64());
      }
    }
  } catch (const SQLite::Exception&) {
    Impl::rethrow_current();
  }
  if (!rotten.empty()) impl_->transaction(false, [&] { impl_->drop_rotten(delivery_class, rotten); });
  impl_->damaged += rotten.size();
  return messages;
}

std::vector<Identity> Spool::oldest(DeliveryClass delivery_class, std::uint64_t bytes, const std::set<Identity>& keep) {
  std::vector<Identity> identities;
  std::uint64_t sum = 0;
  try {
    SQLite::Statement query(impl_->db,
                            "SELECT boot_id, seq, bytes FROM messages WHERE class = ? ORDER BY boot_id, seq");
    query.bind(1, static_cast<int>(delivery_class));
    while (sum < bytes && query.executeStep()) {
      const Identity identity{impl_->boot_with(query.getColumn(0).getInt64()), from_sql(query.getColumn(1).getInt64())};
      if (keep.contains(identity)) continue;
      identities.push_back(identity);
      sum += from_sql(query.getColumn(2).getInt64());
    }
  } catch (const SQLite::Exception&) {
    Impl::rethrow_current();
  }
  return identities;
}

void Spool::set_aside(const common::Message& message, const std::string& reason) {
  impl_->transaction(true, [&] {
    const std::string metadata = common::encode_metadata(message, std::nullopt);
    impl_->add_aside({0, impl_->clock.utc_ns(), reason, metadata, message.payload});
    impl_->drop(identity_of(message));
    SQLite::Statement keep(impl_->db,
                           "DELETE FROM set_aside WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER newest AS "
                           "n, sum(bytes) OVER newest AS total FROM set_aside WINDOW newest AS (ORDER BY id DESC)) "
                           "WHERE n > 1 AND (n > ? OR total > ?))");
    keep.bind(1, kMaxSetAside);
    keep.bind(2, to_sql(kMaxSetAsideBytes));
    keep.exec();
  });
}

void Spool::copy(const std::vector<SetAside>& rows) {
  impl_->transaction(true, [&] { std::ranges::for_each(rows, [&](const auto& row) { impl_->add_aside(row); }); });
}

void Spool::try_writing() {
  impl_->transaction(true, [&] {
    // SQLite writes this number even when it is the same.
    impl_->db.exec(cat("PRAGMA user_version = ", impl_->db.execAndGet("PRAGMA user_version").getInt()));
  });
}

const SpoolCounts& Spool::counts() const {
  return impl_->counts;
}
std::uint64_t Spool::damaged() const {
  return impl_->damaged;
}

void Spool::shrink() {
  if (impl_->counts.total() > 0) return;
  try {
    const auto number = [&](const char* pragma) { return impl_->db.execAndGet(pragma).getInt64(); };
    if (number("PRAGMA freelist_count") * number("PRAGMA page_size") <= kKeptWhenEmpty) return;
    impl_->db.exec("VACUUM");
    impl_->db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const SQLite::Exception&) {
    Impl::rethrow_current();
  }
}

}  // namespace imagenode
