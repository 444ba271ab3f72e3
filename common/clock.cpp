#include "common/clock.hpp"

#include <sys/timex.h>

#include <ctime>

namespace common {
namespace {

std::int64_t now(clockid_t clock) {
  timespec ts{};
  clock_gettime(clock, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * kSecond + ts.tv_nsec;
}

struct KernelState {
  bool synchronised;
  std::int64_t error_us;
};

KernelState ask_kernel() {
  timex state{};
  const int result = adjtimex(&state);
  const bool good = result >= 0 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return {good, state.maxerror};
}

}  // namespace

std::int64_t Clock::utc_of(std::int64_t monotonic_moment_ns) const {
  constexpr std::int64_t kHeldUp = 20 * kMicrosecond;
  constexpr int kMaxTries = 5;
  std::int64_t shortest = INT64_MAX;
  std::int64_t offset = 0;
  for (int tries = 0; tries < kMaxTries && shortest > kHeldUp; ++tries) {
    const std::int64_t before = monotonic_ns();
    const std::int64_t utc = utc_ns();
    const std::int64_t took = monotonic_ns() - before;
    if (took >= shortest) continue;
    shortest = took;
    offset = utc - (before + took / 2);
  }
  return monotonic_moment_ns + offset;
}

std::int64_t SystemClock::utc_ns() const {
  return now(CLOCK_REALTIME);
}
std::int64_t SystemClock::monotonic_ns() const {
  return now(CLOCK_MONOTONIC);
}
bool SystemClock::synchronised() const {
  return ask_kernel().synchronised;
}

std::optional<std::int64_t> SystemClock::error_us() const {
  const KernelState state = ask_kernel();
  if (!state.synchronised) return std::nullopt;
  return state.error_us;
}

}  // namespace common
