#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/file_system.hpp"

/// What both programs need of SQLite. To be included by .cpp files only.
namespace common {

/// How long a connection waits for the lock of another one before its statement fails.
inline constexpr int kBusyTimeoutMs = 5000;

/// The file is no database, or a damaged one.
struct CorruptDatabase : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How sure a commit is: FULL survives a power failure, NORMAL may lose the last commits then, OFF is the operating
/// system's matter.
enum class Synchronous { full, normal, off };

/// The schema's steps: the n-th brings a database of format n to n + 1; the first makes a new one.
using SchemaSteps = std::vector<const char*>;

/// Opens the file in WAL mode, makes it when it is missing, and brings an older format up to date. Throws
/// CorruptDatabase, std::system_error for a full disk, or std::runtime_error, for one that a newer program wrote too:
/// that one is not changed.
SQLite::Database open_database(const FileSystem& files, const std::filesystem::path& file, Synchronous synchronous,
                               const SchemaSteps& steps);

/// Runs the statement to its end and resets it, also when it fails. Throws as open_database() does.
void run(SQLite::Statement& statement);

/// SQLite's exception as the one that open_database() throws for it.
[[noreturn]] void rethrow(const SQLite::Exception& error);

/// Of damaged databases that were set aside as `<file>.corrupt-<time>`, keeps the one just made, whatever the clock
/// said, and the two newest others; removes older ones with their logs, and logs that. What cannot be removed stays.
void keep_newest_corrupt(FileSystem& files, const std::filesystem::path& just_made);

/// Whether this failure, of SQLite or of the functions above, tells of a damaged database.
bool is_corruption(const std::exception& error);

}  // namespace common
