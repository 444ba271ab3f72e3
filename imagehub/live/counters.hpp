#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace imagehub {

/// What was refused, dropped or ignored, by reason, since the start. Thread-safe.
class Counters {
 public:
  void add(const std::string& reason, std::uint64_t count = 1) {
    const std::lock_guard lock(mutex_);
    counts_[reason] += count;
  }
  std::map<std::string, std::uint64_t> all() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace imagehub
