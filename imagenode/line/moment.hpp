#pragma once

#include <cstdint>

#include "common/clock.hpp"

namespace imagenode {

/// When something came, by both clocks.
struct Moment {
  std::int64_t utc_ns = 0;
  std::int64_t monotonic_ns = 0;
  bool synchronised = true;  ///< whether utc_ns can be trusted

  static Moment now(const common::Clock& clock) {
    const std::int64_t now_ns = clock.monotonic_ns();
    return {clock.utc_of(now_ns), now_ns, clock.synchronised()};
  }
};

}  // namespace imagenode
