#pragma once

#include <cstddef>
#include <cstdint>

#include "common/clock.hpp"
#include "common/message.hpp"

namespace imagenode {

/// How messages go to a hub: as they come, or out of the spool.
enum class Lane { live, late };

/// When messages are written to the spool.
enum class Spooling {
  outage,  ///< while no hub answers for longer than patience, and what memory has no room for
  always,  ///< each message, in groups that begin kGroupTime after their first
  never
};

enum class CatchUp { oldest_first, newest_first };

struct OutboxSettings {
  std::size_t max_bytes = 64 * 1024 * 1024;  ///< in memory
  Spooling spooling = Spooling::never;
  std::int64_t patience_ns = 10 * common::kSecond;  ///< without a hub, before what waits goes to the spool
  CatchUp catch_up = CatchUp::oldest_first;         ///< newest_first suspends the order of the late lane
};

/// A message on its way into the spool.
struct SpoolRow {
  common::MessagePtr message;
  bool late = false;  ///< it leaves memory and is to be sent from the spool
};

}  // namespace imagenode
