#include "common/database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <system_error>

#include "common/log.hpp"
#include "common/text.hpp"

namespace common {
namespace {

const char* pragma_of(Synchronous synchronous) {
  switch (synchronous) {
    case Synchronous::full:
      return "PRAGMA synchronous = FULL";
    case Synchronous::normal:
      return "PRAGMA synchronous = NORMAL";
    case Synchronous::off:
      return "PRAGMA synchronous = OFF";
  }
  return "";
}

void bring_up_to_date(SQLite::Database& database, const std::filesystem::path& file, const SchemaSteps& steps) {
  const int newest = static_cast<int>(steps.size());
  const int format = database.execAndGet("PRAGMA user_version").getInt();
  if (format > newest) {
    throw std::runtime_error(cat(file.string(), " was written by a newer version (format ", format, ", this one knows ",
                                 newest, "); install that version again"));
  }
  if (format < 0) throw CorruptDatabase(cat(file.string(), " is damaged: format ", format));
  for (int step = format; step < newest; ++step) {
    SQLite::Transaction transaction(database);
    database.exec(steps[static_cast<std::size_t>(step)]);
    database.exec(cat("PRAGMA user_version = ", step + 1));
    transaction.commit();
  }
}

}  // namespace

SQLite::Database open_database(const FileSystem& files, const std::filesystem::path& file, Synchronous synchronous,
                               const SchemaSteps& steps) {
  try {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs,
                              files.sqlite_vfs());
    database.exec("PRAGMA journal_mode = WAL");
    // A reader that takes long (a backup) lets the log grow; afterwards it is cut to this.
    database.exec("PRAGMA journal_size_limit = 16777216");
    database.exec(pragma_of(synchronous));
    bring_up_to_date(database, file, steps);
    return database;
  } catch (const SQLite::Exception& error) {
    rethrow(error);
  }
}

void run(SQLite::Statement& statement) {
  try {
    statement.exec();
  } catch (const SQLite::Exception& error) {
    statement.tryReset();
    rethrow(error);
  }
  statement.reset();
}

bool is_corruption(const std::exception& error) {
  if (dynamic_cast<const CorruptDatabase*>(&error) != nullptr) return true;
  const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&error);
  return sqlite != nullptr && (sqlite->getErrorCode() == SQLITE_CORRUPT || sqlite->getErrorCode() == SQLITE_NOTADB);
}

void rethrow(const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "cannot write the database");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw CorruptDatabase(error.what());
    default:
      throw SQLite::Exception(error);
  }
}

void keep_newest_corrupt(FileSystem& files, const std::filesystem::path& just_made) {
  constexpr std::string_view kMark = ".corrupt-";
  constexpr std::size_t kOthers = 2;
  const auto folder = just_made.parent_path();
  const std::string name_made = just_made.filename().string();
  const std::string beginning = name_made.substr(0, name_made.find(kMark) + kMark.size());
  try {
    std::vector<std::string> others;
    for (const std::string& name : files.list(folder)) {
      const bool is_log = name.ends_with("-wal") || name.ends_with("-shm");
      if (name.starts_with(beginning) && !is_log && name != name_made) others.push_back(name);
    }
    std::sort(others.begin(), others.end(), std::greater<>());
    for (std::size_t i = kOthers; i < others.size(); ++i) {
      for (const char* ending : {"-wal", "-shm", ""}) files.remove(folder / (others[i] + ending));
      log::warn(cat(others[i], " is removed: the newest ", kOthers + 1, " damaged files are kept"));
    }
  } catch (const std::exception& error) {
    log::warn(cat("damaged files of long ago stay: ", error.what()));
  }
}

}  // namespace common
