#pragma once

#include <atomic>

#include "common/clock.hpp"

/// A clock that stands still until a test moves it. Thread-safe.
class FakeClock final : public common::Clock {
 public:
  std::atomic<std::int64_t> utc{1'795'168'800 * common::kSecond};
  std::atomic<std::int64_t> monotonic{1'000 * common::kSecond};
  std::atomic<bool> in_sync{true};

  std::int64_t utc_ns() const override { return utc; }
  std::int64_t monotonic_ns() const override { return monotonic; }
  bool synchronised() const override { return in_sync; }
  std::optional<std::int64_t> error_us() const override { return std::nullopt; }

  void advance(std::int64_t ns) {
    utc += ns;
    monotonic += ns;
  }
};
