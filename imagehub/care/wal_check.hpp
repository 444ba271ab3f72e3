#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/file_system.hpp"

namespace imagehub {

/// What is wrong with SQLite's write-ahead log, or nothing. SQLite itself ends reading at the first frame whose
/// checksum is wrong, without a word, since a crash leaves such a frame at the end; here a commit that lies behind one
/// is damage: it was acknowledged. A log that is missing, empty or from an earlier generation is good. Format:
/// https://www.sqlite.org/fileformat2.html#the_write_ahead_log. Throws std::system_error when it cannot be read.
std::optional<std::string> wal_damage(common::FileSystem& files, const std::filesystem::path& wal);

}  // namespace imagehub
