#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "imagehub/care/data_directory.hpp"

/// Copies of the index, `backup/index-<day>.sqlite3`. Failures throw std::exception.
namespace imagehub {

struct BackupFile {
  std::filesystem::path path;
  std::string day;
  std::int64_t written_ns = 0;
};

/// Those that are there, the newest first.
std::vector<BackupFile> list_backups(common::FileSystem& files, const DataDirectory& data);

/// The index itself is damaged: its copy was thrown away, older ones stay.
struct DamagedIndex : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Copies the index as it is at this moment, by SQLite's backup, while its writer goes on; has SQLite verify the copy;
/// syncs it and gives it its name, and removes all but the newest `keep`. Begins only when twice the size of the index
/// is free. Returns the new backup; nothing, and leaves nothing, when a stop is requested meanwhile.
std::optional<BackupFile> make_backup(common::FileSystem& files, const DataDirectory& data, std::int64_t utc_ns,
                                      std::size_t keep, const std::stop_token& stop = {});

}  // namespace imagehub
