#include "imagehub/care/backup.hpp"

#include "catch.hpp"
#include "common/disk.hpp"
#include "common/local_time.hpp"
#include "forwarding_file.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kDay = 86'400 * common::kSecond;

/// A disk with as much free space as a test says.
class SmallDisk final : public common::Disk {
 public:
  explicit SmallDisk(std::uint64_t free) : free_(free) {}
  common::Space space(const Path&) override { return {1'000'000'000, free_}; }

 private:
  std::uint64_t free_;
};

/// Calls when the copy that is not finished yet is opened, and when it is synced.
class WatchedDisk final : public common::Disk {
 public:
  std::function<void()> on_open = [] {};
  std::function<void()> on_sync = [] {};

  common::OpenFilePtr open(const Path& path, common::OpenMode mode) override {
    auto file = Disk::open(path, mode);
    if (path.extension() != ".tmp") return file;
    on_open();
    return std::make_unique<File>(std::move(file), on_sync);
  }

 private:
  class File final : public ForwardingFile {
   public:
    File(common::OpenFilePtr file, std::function<void()> on_sync)
        : ForwardingFile(std::move(file)), on_sync_(std::move(on_sync)) {}
    void sync() override {
      ForwardingFile::sync();
      on_sync_();
    }

   private:
    std::function<void()> on_sync_;
  };
};

std::int64_t images_in(const fs::path& file) {
  SQLite::Database db(file.string(), SQLite::OPEN_READONLY);
  return db.execAndGet("SELECT count(*) FROM images").getInt64();
}

}  // namespace

TEST_CASE("a backup holds all that was committed, in one file, while the writer goes on") {
  CareKit hub;
  hub.commit(message(1, 1));
  Index::Transaction transaction(*hub.index);
  ImageRow row;
  row.path = "x";
  hub.index->add(row);  // not committed yet
  const BackupFile backup = make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2).value();
  transaction.commit();
  CHECK(backup.path == hub.data() / ("backup/index-" + common::local_date(hub.clock.utc_ns()) + ".sqlite3"));
  CHECK(images_in(backup.path) == 1);
  CHECK(hub.number("SELECT count(*) FROM images") == 2);
  CHECK(hub.disk.list(hub.directory().backups()).size() == 1);
}

TEST_CASE("the newest backups are kept, and what a clock that was ahead has named goes first") {
  CareKit hub;
  const std::int64_t now = hub.clock.utc_ns();
  for (const std::int64_t days : {400, 0, 1, 2}) make_backup(hub.disk, hub.directory(), now + days * kDay, 2);
  const auto left = list_backups(hub.disk, hub.directory());
  REQUIRE(left.size() == 2);
  CHECK(left[0].day == common::local_date(now + 2 * kDay));
  CHECK(left[1].day == common::local_date(now + kDay));
}

TEST_CASE("a second backup of a day takes the place of the first") {
  CareKit hub;
  make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2);
  hub.commit(message(1, 1));
  const BackupFile backup = make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2).value();
  CHECK(images_in(backup.path) == 1);
  CHECK(list_backups(hub.disk, hub.directory()).size() == 1);
}

TEST_CASE("without room for twice the index no backup is begun") {
  CareKit hub;
  hub.commit(message(1, 1));
  SmallDisk disk(10'000);
  CHECK_THROWS_AS(make_backup(disk, hub.directory(), hub.clock.utc_ns(), 2), std::runtime_error);
  CHECK(disk.list(hub.directory().backups()).empty());
}

TEST_CASE("an index that is locked takes the place of no good backup") {
  CareKit hub;
  hub.commit(message(1, 1));
  const BackupFile good = make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2).value();
  hub.close();
  SQLite::Database other(hub.directory().index().string(), SQLite::OPEN_READWRITE);
  other.exec("PRAGMA locking_mode = EXCLUSIVE");
  other.exec("DELETE FROM nodes");
  CHECK_THROWS_AS(make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2), std::runtime_error);
  CHECK(images_in(good.path) == 1);
  CHECK(list_backups(hub.disk, hub.directory()).size() == 1);
}

TEST_CASE("a damaged index takes the place of no good backup") {
  CareKit hub;
  for (std::uint64_t seq = 1; seq <= 100; ++seq) hub.commit(message(1, seq, "Barn|event"));
  const std::int64_t page = hub.number("SELECT rootpage FROM sqlite_schema WHERE name = 'events_by_time'");
  const BackupFile good = make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2).value();
  hub.close();
  hub.disk.open(hub.directory().index(), common::OpenMode::change)
      ->write(static_cast<std::uint64_t>((page - 1) * 4096), common::Bytes(4096, 0x55));
  CHECK_THROWS_AS(make_backup(hub.disk, hub.directory(), hub.clock.utc_ns() + kDay, 2), DamagedIndex);
  const auto left = list_backups(hub.disk, hub.directory());
  REQUIRE(left.size() == 1);
  CHECK(left[0].path == good.path);
}

TEST_CASE("a stop ends a backup before the next step, or after the last one, and leaves nothing of it") {
  CareKit hub;
  hub.commit(message(1, 1));
  const BackupFile good = make_backup(hub.disk, hub.directory(), hub.clock.utc_ns(), 2).value();
  std::stop_source stopping;
  WatchedDisk disk;
  (GENERATE(true, false) ? disk.on_open : disk.on_sync) = [&] { stopping.request_stop(); };
  CHECK_FALSE(make_backup(disk, hub.directory(), hub.clock.utc_ns() + kDay, 2, stopping.get_token()));
  const auto left = hub.disk.list(hub.directory().backups());
  REQUIRE(left.size() == 1);
  CHECK(left.front() == good.path.filename());
}
