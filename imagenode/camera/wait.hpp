#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>

namespace imagenode {

/// Waits so many ns, or until a stop is requested; a seam, so that tests of back-off and pace need not wait.
using Wait = std::function<void(const std::stop_token&, std::int64_t ns)>;

inline void wait_for_real(const std::stop_token& stop, std::int64_t ns) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::nanoseconds(ns), [] { return false; });
}

}  // namespace imagenode
