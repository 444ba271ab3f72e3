#pragma once

#include "common/clock.hpp"

/// A clock that stands still until a test moves it.
class FakeClock final : public common::Clock {
 public:
  std::int64_t utc = 1'795'168'800 * common::kSecond;
  std::int64_t monotonic = 1'000 * common::kSecond;
  bool in_sync = true;

  std::int64_t utc_ns() const override { return utc; }
  std::int64_t monotonic_ns() const override { return monotonic; }
  bool synchronised() const override { return in_sync; }
  std::optional<std::int64_t> error_us() const override { return std::nullopt; }

  void advance(std::int64_t ns) {
    utc += ns;
    monotonic += ns;
  }
};
