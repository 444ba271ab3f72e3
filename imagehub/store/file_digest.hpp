#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/file_system.hpp"
#include "common/payload.hpp"

namespace imagehub {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  ///< CRC-32C
};

/// Reads the whole file. `buffer` is used for it and keeps its size, so that many files cost one allocation. Nothing
/// when there is no such file; throws std::system_error when it cannot be read. Thread-safe.
std::optional<FileDigest> read_digest(common::FileSystem& files, const std::filesystem::path& path,
                                      common::Bytes& buffer);

}  // namespace imagehub
