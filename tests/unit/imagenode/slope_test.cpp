#include "imagenode/detect/slope.hpp"

#include "catch.hpp"
#include "common/clock.hpp"

using namespace imagenode;
using common::kMillisecond;
using common::kSecond;

TEST_CASE("the slope of a straight line is found, however readings lie on it") {
  Slope slope(10 * kSecond);
  for (const std::int64_t ms : {0, 10, 500, 501, 502, 4000, 7000, 9999}) {
    slope.add(5 + 0.25 * static_cast<double>(ms) / 1000, ms * kMillisecond);
    CHECK_FALSE(slope.per_second());
  }
  slope.add(5 + 0.25 * 10, 10 * kSecond);
  REQUIRE(slope.per_second());
  CHECK(*slope.per_second() == Approx(0.25));
}

TEST_CASE("noise of many readings evens out") {
  Slope slope(10 * kSecond);
  for (std::int64_t ms = 0; ms <= 10'000; ++ms) {
    slope.add((ms % 2 == 0 ? 100 : -100) + 0.5 * static_cast<double>(ms) / 1000, ms * kMillisecond);
  }
  CHECK(*slope.per_second() == Approx(0.5).margin(0.05));
}

TEST_CASE("what is older than the window is forgotten") {
  Slope slope(10 * kSecond);
  for (std::int64_t s = 0; s <= 20; ++s) slope.add(static_cast<double>(100 * s), s * kSecond);
  for (std::int64_t s = 21; s <= 31; ++s) slope.add(2000 - static_cast<double>(s - 20), s * kSecond);
  CHECK(*slope.per_second() == Approx(-1));
}

TEST_CASE("after a gap it is from before it to now") {
  Slope slope(10 * kSecond);
  for (std::int64_t s = 0; s <= 20; ++s) slope.add(0, s * kSecond);
  slope.add(100, 120 * kSecond);
  CHECK(*slope.per_second() == Approx(1));
}

TEST_CASE("readings at one moment, and huge ones, give no slope") {
  Slope slope(kSecond);
  for (int i = 0; i < 5; ++i) slope.add(i, 0);
  CHECK_FALSE(slope.per_second());
  slope.add(1e308, kSecond);
  slope.add(-1e308, 2 * kSecond);
  slope.add(1e308, 2 * kSecond);
  CHECK_NOTHROW(slope.per_second());
  Slope steep(kSecond);
  steep.add(-1e308, 0);
  steep.add(1.7e308, kSecond);
  CHECK_FALSE(steep.per_second());
}
