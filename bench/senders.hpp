#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/payload.hpp"

namespace bench {

/// How senders behave.
struct Load {
  int senders = 8;
  int window = 10;        ///< messages without an answer; 0: plain imagezmq REQ senders
  double per_second = 0;  ///< images per second and sender; 0: as many as the hub takes
  double seconds = 10;
};

struct LoadResult {
  double per_second = 0;  ///< images acknowledged per second, all senders together
  double p50_ms = 0;      ///< from sending to acknowledgement
  double p99_ms = 0;
};

/// A JPEG for the wire: SOI, noise, EOI.
common::Payload make_jpeg(std::size_t bytes);

/// Runs the senders against the hub, one thread each, and counts what it acknowledges.
LoadResult run_load(const std::string& address, const Load& load, const common::Payload& jpeg);

}  // namespace bench
