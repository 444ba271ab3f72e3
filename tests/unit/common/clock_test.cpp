#include "common/clock.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "fake_clock.hpp"

using namespace common;

namespace {

/// Of a thread that another one displaces whenever it has read UTC, so many times.
class HeldUpClock final : public Clock {
 public:
  explicit HeldUpClock(int times) : times_(times) {}

  std::int64_t utc_ns() const override {
    const std::int64_t utc = clock_.utc;
    clock_.advance(times_-- > 0 ? 3 * kMillisecond : kMicrosecond);
    return utc;
  }
  std::int64_t monotonic_ns() const override { return clock_.monotonic; }
  bool synchronised() const override { return true; }
  std::optional<std::int64_t> error_us() const override { return std::nullopt; }

  std::int64_t offset() const { return clock_.utc - clock_.monotonic; }

 private:
  mutable FakeClock clock_;
  mutable int times_;
};

}  // namespace

TEST_CASE("UTC of a moment of the monotonic clock") {
  FakeClock clock;
  const std::int64_t then = clock.monotonic;
  const std::int64_t utc = clock.utc;
  clock.advance(7 * kSecond);
  CHECK(clock.utc_of(then) == utc);
  clock.utc += 3600 * kSecond;  // set meanwhile
  CHECK(clock.utc_of(then) == utc + 3600 * kSecond);
}

TEST_CASE("being held up between the two clocks does not make UTC wrong") {
  for (const int times : {0, 1, 4}) {
    const HeldUpClock clock(times);
    CHECK(std::abs(clock.utc_of(0) - clock.offset()) <= kMicrosecond);
  }
  // For ever: no more than half of that.
  const HeldUpClock clock(1000);
  CHECK(std::abs(clock.utc_of(0) - clock.offset()) <= 2 * kMillisecond);
}
