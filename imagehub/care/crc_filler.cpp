#include "imagehub/care/crc_filler.hpp"

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "common/database.hpp"
#include "imagehub/index/schema.hpp"
#include "imagehub/store/file_digest.hpp"

namespace imagehub {
namespace {

constexpr int kRowsAtOnce = 50;
constexpr std::uint64_t kBytesAtOnce = 8'000'000;

struct Open {
  std::int64_t id = 0;
  std::string path;
  std::uint64_t bytes = 0;
  std::optional<FileDigest> digest;
};

}  // namespace

struct CrcFiller::Impl {
  common::FileSystem& files;
  const DataDirectory data;
  SQLite::Database db;
  std::int64_t tried = 0;  ///< rows up to this one were tried
  common::Bytes buffer;

  Impl(common::FileSystem& the_files, DataDirectory the_data)
      : files(the_files),
        data(std::move(the_data)),
        // What is committed after an unsynced commit would look damaged after a power failure.
        db(common::open_database(files, data.index(), common::Synchronous::full, kSchema)) {}

  std::vector<Open> next() {
    SQLite::Statement query(db, "SELECT id, path, bytes FROM images WHERE crc = -1 AND id > ? ORDER BY id LIMIT ?");
    query.bind(1, tried);
    query.bind(2, kRowsAtOnce);
    std::vector<Open> rows;
    std::uint64_t bytes = 0;
    while (bytes < kBytesAtOnce && query.executeStep()) {
      rows.push_back({query.getColumn(0).getInt64(),
                      query.getColumn(1).getString(),
                      static_cast<std::uint64_t>(query.getColumn(2).getInt64()),
                      {}});
      bytes += rows.back().bytes;
    }
    return rows;
  }

  /// A file of another size than its row says is not what was adopted: imagehub check tells of it.
  void read(Open& row) {
    try {
      const auto digest = read_digest(files, data.images() / row.path, buffer);
      if (digest && digest->bytes == row.bytes) row.digest = digest;
    } catch (const std::system_error&) {
      // Stays open, and is told by imagehub check.
    }
  }

  void enter(const std::vector<Open>& rows) {
    SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement update(db, "UPDATE images SET crc = ? WHERE id = ? AND crc = -1");
    for (const Open& row : rows) {
      if (!row.digest) continue;
      update.bind(1, static_cast<std::int64_t>(row.digest->crc));
      update.bind(2, row.id);
      common::run(update);
    }
    transaction.commit();
  }

  std::uint64_t left() {
    SQLite::Statement query(db, "SELECT count(*) FROM images WHERE crc = -1 AND id > ?");
    query.bind(1, tried);
    query.executeStep();
    return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
  }
};

CrcFiller::CrcFiller(common::FileSystem& files, const DataDirectory& data)
    : impl_(std::make_unique<Impl>(files, data)) {}

CrcFiller::~CrcFiller() = default;

std::uint64_t CrcFiller::fill_some() {
  auto rows = impl_->next();
  if (rows.empty()) return 0;
  for (Open& row : rows) impl_->read(row);
  impl_->enter(rows);
  impl_->tried = rows.back().id;
  return impl_->left();
}

}  // namespace imagehub
