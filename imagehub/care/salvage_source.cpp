#include "imagehub/care/salvage_source.hpp"

#include <stdexcept>
#include <system_error>

#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/index/schema.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr std::size_t kPageSize = 4096;  ///< SQLite's default, never changed here
constexpr std::size_t kBlock = 1024 * 1024;
/// A leaf holds more rows than this: stepping so far misses none.
constexpr std::int64_t kStep = 8;
constexpr int kStepsBeforeLeaping = 2000;
constexpr std::int64_t kFarthestLeap = std::int64_t{1} << 40;

/// As many bytes as are whole multiples of `unit`.
void copy(common::FileSystem& files, const fs::path& from, const fs::path& to, std::size_t unit) {
  const auto source = files.open(from, common::OpenMode::read);
  const auto target = files.open(to, common::OpenMode::replace);
  common::Bytes block(kBlock);
  for (std::uint64_t offset = 0;;) {
    const std::size_t count = source->read(offset, block) / unit * unit;
    if (count == 0) return;
    target->write(offset, common::ByteView(block).first(count));
    offset += count;
  }
}

fs::path with(const fs::path& path, const char* suffix) {
  return path.string() + suffix;
}

void remove_copy(common::FileSystem& files, const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    try {
      files.remove(with(path, suffix));
    } catch (const std::system_error&) {
      // What stays is removed with the next salvage.
    }
  }
}

SQLite::Database open_reading(const common::FileSystem& files, const fs::path& file) {
  SQLite::Database db(file.string(), SQLite::OPEN_READONLY, common::kBusyTimeoutMs, files.sqlite_vfs());
  // Without it SQLite does not touch a file that is shorter than its first page says.
  db.exec("PRAGMA writable_schema = ON");
  db.exec("PRAGMA cell_size_check = ON");
  return db;
}

/// The first page of an index without rows.
common::Bytes first_page(common::FileSystem& files, const fs::path& scratch) {
  {
    SQLite::Database fresh = common::open_database(files, scratch, common::Synchronous::off, kSchema);
    fresh.exec("PRAGMA journal_mode = DELETE");
  }
  common::Bytes page(kPageSize);
  files.open(scratch, common::OpenMode::read)->read(0, page);
  files.remove(scratch);
  // A count of pages that SQLite does not believe, so that it goes by the size of the file.
  page[92] = static_cast<std::uint8_t>(page[92] ^ 0xFFU);
  return page;
}

}  // namespace

bool SalvageSource::readable(SQLite::Database& db) {
  SQLite::Statement query(db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('images', 'events', 'identities')");
  return query.executeStep() && query.getColumn(0).getInt() == 3;
}

std::unique_ptr<SalvageSource> SalvageSource::open(common::FileSystem& files, const fs::path& file,
                                                   const fs::path& scratch) {
  const auto opened = [&files](const fs::path& path, std::vector<fs::path> copies) -> std::unique_ptr<SalvageSource> {
    try {
      SQLite::Database db = open_reading(files, path);
      if (!readable(db)) return nullptr;
      return std::unique_ptr<SalvageSource>(new SalvageSource(files, std::move(db), std::move(copies)));
    } catch (const SQLite::Exception&) {
      return nullptr;  // its first page is of no use
    }
  };
  const auto info = files.info(file);
  // What is missing of a last page that was cut in two SQLite would read as zeros, and give as values.
  const bool whole = info && info->bytes % kPageSize == 0;
  if (whole) {
    if (auto source = opened(file, {})) return source;
  }
  try {
    common::Bytes page = first_page(files, scratch);
    copy(files, file, scratch, kPageSize);
    if (common::exists(files, with(file, "-wal"))) {
      copy(files, with(file, "-wal"), with(scratch, "-wal"), 1);
      page[18] = page[19] = 2;  // there is a write-ahead log
    }
    if (!whole) {
      if (auto source = opened(scratch, {scratch})) return source;
    }
    files.open(scratch, common::OpenMode::change)->write(0, page);
    if (auto source = opened(scratch, {scratch})) return source;
  } catch (const SQLite::Exception&) {
    // Not even a new index can be made.
  } catch (const std::system_error&) {
    // No room for a copy, or the file is gone.
  }
  remove_copy(files, scratch);
  return nullptr;
}

SalvageSource::~SalvageSource() {
  db_.reset();
  for (const auto& path : copies_) remove_copy(files_, path);
}

bool SalvageSource::has(const std::string& table, const std::string& column) {
  try {
    SQLite::Statement probe(*db_, cat("SELECT ", column, " FROM ", table, " LIMIT 0"));
    return true;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

namespace {

/// What the visitor cannot do is no fault of the table that is read.
void give(const SalvageSource::Visit& visit, SQLite::Statement& row) {
  try {
    visit(row);
  } catch (const SQLite::Exception& error) {
    throw std::runtime_error(cat("cannot write the salvaged index: ", error.what()));
  }
}

/// A statement that looks for the first row behind a key.
class Probe {
 public:
  explicit Probe(SQLite::Statement& query) : query_(query) {}

  bool readable_after(std::int64_t key) const {
    try {
      query_.tryReset();
      query_.bind(1, key);
      query_.executeStep();
      return true;
    } catch (const SQLite::Exception&) {
      return false;
    }
  }

  /// The next key behind which rows can be read, or the table's end can be seen.
  std::optional<std::int64_t> next_after(std::int64_t unreadable) const {
    std::int64_t failed = unreadable;
    std::int64_t step = kStep;
    for (int steps = 0; step <= kFarthestLeap; ++steps) {
      const std::int64_t next = failed + step;
      if (readable_after(next)) return first_between(failed, next);
      failed = next;
      if (steps >= kStepsBeforeLeaping) step *= 2;
    }
    return std::nullopt;
  }

 private:
  std::int64_t first_between(std::int64_t failed, std::int64_t good) const {
    while (good - failed > 1) {
      const std::int64_t middle = failed + (good - failed) / 2;
      (readable_after(middle) ? good : failed) = middle;
    }
    return good;
  }

  SQLite::Statement& query_;
};

}  // namespace

std::vector<Gap> SalvageSource::each(const std::string& columns, const std::string& table, const std::string& where,
                                     const std::string& key, const Visit& visit) {
  std::vector<Gap> gaps;
  std::int64_t after = 0;
  try {
    SQLite::Statement query(
        *db_, cat("SELECT ", columns, " FROM ", table, " WHERE ", where, " AND ", key, " > ?1 ORDER BY ", key));
    for (;;) {
      try {
        query.tryReset();
        query.bind(1, after);
        while (query.executeStep()) {
          const std::int64_t here = query.getColumn(0).getInt64();
          // Pages that point back would make a circle.
          if (here <= after) throw SQLite::Exception("keys do not grow");
          give(visit, query);
          after = here;
        }
        return gaps;
      } catch (const SQLite::Exception&) {
        const auto next = Probe(query).next_after(after);
        gaps.push_back({after + 1, next});
        if (!next) return gaps;
        after = *next;
      }
    }
  } catch (const SQLite::Exception&) {
    gaps.push_back({after + 1, std::nullopt});
    return gaps;
  }
}

bool SalvageSource::each_from_both_ends(const std::string& columns, const std::string& table, const std::string& key,
                                        const Visit& visit) {
  bool whole = false;
  for (const char* direction : {" ASC", " DESC"}) {
    if (whole) break;
    try {
      SQLite::Statement query(*db_, cat("SELECT ", columns, " FROM ", table, " ORDER BY ", key, direction));
      while (query.executeStep()) give(visit, query);
      whole = true;
    } catch (const SQLite::Exception&) {
      // So far.
    }
  }
  return whole;
}

}  // namespace imagehub
