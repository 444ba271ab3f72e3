#pragma once

#include <cstdint>
#include <string>

#include "common/file_system.hpp"
#include "common/payload.hpp"

namespace common {

/// SHA-256 (FIPS 180-4) as 64 hexadecimal digits. Thread-safe.
std::string sha256(ByteView bytes);

/// Of the first `bytes` of a file, or of all that there is when it is shorter.
std::string sha256(OpenFile& file, std::uint64_t bytes);

}  // namespace common
