#pragma once

#include <cstdint>

#include "common/payload.hpp"

namespace common {

/// CRC-32C (Castagnoli, RFC 3720): by the processor's instruction where it has one, by table elsewhere.
std::uint32_t crc32c(ByteView bytes);

/// The portable twin, for comparison in tests.
std::uint32_t crc32c_by_table(ByteView bytes);

}  // namespace common
