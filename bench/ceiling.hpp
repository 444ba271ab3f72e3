#pragma once

#include <filesystem>

#include "common/payload.hpp"

namespace bench {

/// What the disk gives at most: files per second that this many threads create, write, fdatasync and close in one new
/// folder under `parent`.
double files_per_second(const std::filesystem::path& parent, int threads, double seconds, common::ByteView bytes);

}  // namespace bench
