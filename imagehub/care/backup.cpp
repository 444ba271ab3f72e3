#include "imagehub/care/backup.hpp"

#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <algorithm>

#include "common/database.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr int kPagesPerStep = 4096;
constexpr int kInstructionsBetweenLooks = 10'000;
constexpr std::string_view kPrefix = "index-";
constexpr std::string_view kSuffix = ".sqlite3";
constexpr std::string_view kUnfinished = ".tmp";

void need_room(common::FileSystem& files, const DataDirectory& data) {
  std::uint64_t needed = 0;
  for (const char* part : {"", "-wal"}) {
    if (const auto info = files.info(data.index().string() + part)) needed += 2 * info->bytes;
  }
  const std::uint64_t free = files.space(data.folder).free_bytes;
  if (free < needed) {
    throw std::runtime_error(cat("a backup of the index needs ", needed, " free bytes, there are ", free));
  }
}

int stop_requested(void* stop) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

/// What SQLite found wrong with the copy, or "ok"; anything when a stop was requested meanwhile.
std::string verify(SQLite::Database& copy, std::stop_token& stop) {
  sqlite3_progress_handler(copy.getHandle(), kInstructionsBetweenLooks, stop_requested, &stop);
  try {
    std::string found = copy.execAndGet("PRAGMA quick_check(1)").getString();
    std::replace(found.begin(), found.end(), '\n', ' ');
    return found;
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() != SQLITE_INTERRUPT) throw;
    return {};
  }
}

/// False when a stop was requested.
bool copy(common::FileSystem& files, const fs::path& from, const fs::path& to, std::stop_token stop) {
  SQLite::Database source(from.string(), SQLite::OPEN_READONLY, common::kBusyTimeoutMs, files.sqlite_vfs());
  SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, common::kBusyTimeoutMs,
                          files.sqlite_vfs());
  // We sync it ourselves.
  target.exec("PRAGMA synchronous = OFF");
  // One moment for all steps: each commit of the writer would have the copy begin anew.
  source.exec("BEGIN");
  source.execAndGet("SELECT count(*) FROM sqlite_schema");
  {
    SQLite::Backup backup(target, source);
    const auto written = files.open(to, common::OpenMode::change);
    int result = SQLITE_OK;
    while (result == SQLITE_OK) {
      if (stop.stop_requested()) return false;
      result = backup.executeStep(kPagesPerStep);
      written->sync();  // a little at a time, so that a stop has not to wait for all of it
    }
    // A lock that does not go away is no exception to SQLiteCpp, and an empty copy passes every check.
    if (result != SQLITE_DONE) throw std::runtime_error(cat("the index cannot be copied: ", sqlite3_errstr(result)));
  }
  source.exec("COMMIT");  // until here the writer's -wal could only grow
  // One file, without -wal and -shm.
  target.exec("PRAGMA journal_mode = DELETE");
  const std::string found = verify(target, stop);
  if (stop.stop_requested()) return false;
  if (found != "ok") throw DamagedIndex(found);
  return true;
}

void remove_unfinished(common::FileSystem& files, const DataDirectory& data) {
  for (const auto& name : files.list(data.backups())) {
    if (name.find(kUnfinished) != name.npos) files.remove(data.backups() / name);
  }
}

}  // namespace

std::vector<BackupFile> list_backups(common::FileSystem& files, const DataDirectory& data) {
  std::vector<BackupFile> found;
  if (!common::exists(files, data.backups())) return found;
  for (const auto& name : files.list(data.backups())) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size())
      continue;
    const fs::path path = data.backups() / name;
    const auto info = files.info(path);
    if (!info) continue;
    const std::size_t length = name.size() - kPrefix.size() - kSuffix.size();
    found.push_back({path, name.substr(kPrefix.size(), length), info->modified_ns});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.day > b.day; });
  return found;
}

std::optional<BackupFile> make_backup(common::FileSystem& files, const DataDirectory& data, std::int64_t utc_ns,
                                      std::size_t keep, const std::stop_token& stop) {
  common::make_folders(files, data.backups());
  remove_unfinished(files, data);
  need_room(files, data);
  const std::string day = common::local_date(utc_ns);
  const fs::path path = data.backups() / cat(kPrefix, day, kSuffix);
  const fs::path unfinished = path.string() + std::string(kUnfinished);
  try {
    if (!copy(files, data.index(), unfinished, stop)) {
      remove_unfinished(files, data);
      return std::nullopt;
    }
    files.open(unfinished, common::OpenMode::change)->sync();
    files.rename(unfinished, path);
  } catch (const std::exception& error) {
    remove_unfinished(files, data);
    if (common::is_corruption(error)) throw DamagedIndex(error.what());
    throw;
  }
  files.sync_folder(data.backups());
  auto others = list_backups(files, data);
  std::erase_if(others, [&](const BackupFile& backup) { return backup.path == path; });
  // What a clock that was ahead has named goes first.
  std::stable_partition(others.begin(), others.end(), [&](const BackupFile& backup) { return backup.day < day; });
  for (std::size_t i = keep - 1; i < others.size(); ++i) files.remove(others[i].path);
  return BackupFile{path, day, utc_ns};
}

}  // namespace imagehub
