#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Names from the network, made safe for paths. Thread-safe.
namespace common {

/// Each character outside A-Za-z0-9._- becomes '-', leading dots go, empty becomes "unnamed", 100 bytes at most.
std::string path_component(std::string_view name);

/// "Barn door" and a capture time to "Barn-door-2026-11-20T08.18.31.809000", without extension; local time.
std::string image_stem(std::string_view node_view, std::int64_t time_ns);

}  // namespace common
