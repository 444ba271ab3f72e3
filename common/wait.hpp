#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>

#include "common/clock.hpp"

namespace common {

/// Waits so many ns, or until a stop is requested; a seam, so that tests of back-off and pace need not wait.
using Wait = std::function<void(const std::stop_token&, std::int64_t ns)>;

inline void wait_for_real(const std::stop_token& stop, std::int64_t ns) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::nanoseconds(ns), [] { return false; });
}

/// How long a source that is lost is left alone before it is tried again; doubled from try to try.
struct BackOff {
  std::int64_t first_ns = kSecond;
  std::int64_t longest_ns = 60 * kSecond;
  Wait wait = wait_for_real;
};

}  // namespace common
