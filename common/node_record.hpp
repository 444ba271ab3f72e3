#pragma once

#include <cstdint>
#include <string>

namespace common {

/// What a hub keeps of a node for ever.
struct NodeRecord {
  std::string node;
  std::int64_t first_seen_ns = 0;
  std::int64_t last_seen_ns = 0;
  std::string version;
  std::string host;
  double heartbeat_s = 0;  ///< interval that the node announced; 0 when it did not
  bool lost = false;
  std::uint64_t images = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
};

}  // namespace common
