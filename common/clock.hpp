#pragma once

#include <cstdint>
#include <optional>

namespace common {

inline constexpr std::int64_t kMicrosecond = 1'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000'000'000;

inline std::int64_t to_ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

/// Where the time comes from; a seam, so that tests decide what time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// UTC in ns since 1970.
  virtual std::int64_t utc_ns() const = 0;
  /// Never steps; counts from an arbitrary moment of this boot.
  virtual std::int64_t monotonic_ns() const = 0;
  /// Whether somebody (NTP, PTP, GPS) keeps the clock right.
  virtual bool synchronised() const = 0;
  /// Upper bound of the error of utc_ns, when synchronised.
  virtual std::optional<std::int64_t> error_us() const = 0;

  /// UTC of a moment of the monotonic clock, as the clocks stand to each other now, to ten microseconds. They are read
  /// one after the other, and again, five times at most, when the thread was held up in between.
  std::int64_t utc_of(std::int64_t monotonic_moment_ns) const;
};

/// The kernel's clocks; synchronisation as adjtimex tells it.
class SystemClock final : public Clock {
 public:
  std::int64_t utc_ns() const override;
  std::int64_t monotonic_ns() const override;
  bool synchronised() const override;
  std::optional<std::int64_t> error_us() const override;
};

}  // namespace common
