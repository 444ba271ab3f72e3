#include "common/local_time.hpp"

#include <stdlib.h>
#include <time.h>

#include <string>

#include "catch.hpp"
#include "common/clock.hpp"

using namespace common;

namespace {

/// A time zone for the life of this object.
class TimeZone {
 public:
  explicit TimeZone(const char* name) {
    if (const char* before = getenv("TZ")) before_ = before;
    setenv("TZ", name, 1);
    tzset();
  }
  ~TimeZone() {
    before_.empty() ? unsetenv("TZ") : setenv("TZ", before_.c_str(), 1);
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  std::string before_;
};

constexpr std::int64_t kMoment = 1'795'162'711 * kSecond + 809'123'456;  // 2026-11-20 08:18:31 UTC

}  // namespace

TEST_CASE("stamps have the forms of the Python programs, in local time") {
  const TimeZone utc("UTC0");
  CHECK(local_date(kMoment) == "2026-11-20");
  CHECK(file_stamp(kMoment) == "2026-11-20T08.18.31.809123");
  CHECK(log_stamp(kMoment) == "2026-11-20 08:18:31,809");
  CHECK(picture_stamp(kMoment) == "2026-11-20 08:18:31.809123");
  CHECK(file_stamp(kMoment - 809'123'456) == "2026-11-20T08.18.31.000000");
}

TEST_CASE("the day is the local one") {
  const TimeZone tokyo("JST-9");
  CHECK(local_date(kMoment + 7 * 3600 * kSecond) == "2026-11-21");
  CHECK(log_stamp(kMoment) == "2026-11-20 17:18:31,809");
  CHECK(local_date(start_of_local_day(kMoment)) == "2026-11-20");
  CHECK(local_date(start_of_local_day(kMoment) - 1) == "2026-11-19");
}

TEST_CASE("a day that summer time makes shorter begins at its midnight") {
  const TimeZone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  const std::int64_t evening = 1'774'807'200 * kSecond;  // 2026-03-29 20:00 CEST
  CHECK(log_stamp(evening) == "2026-03-29 20:00:00,000");
  CHECK(log_stamp(start_of_local_day(evening)) == "2026-03-29 00:00:00,000");
  CHECK(evening - start_of_local_day(evening) == 19 * 3600 * kSecond);
}

TEST_CASE("times before 1970 have a positive fraction") {
  const TimeZone utc("UTC0");
  CHECK(log_stamp(-1) == "1969-12-31 23:59:59,999");
}

TEST_CASE("stamps are read back in the time zone in which they were written") {
  const TimeZone zone("Europe/Berlin");
  for (const std::int64_t time_ns : {1'795'168'800'809'000'000, 1'782'000'000'000'001'000, std::int64_t{0}}) {
    CHECK(parse_file_stamp(file_stamp(time_ns)) == time_ns / 1000 * 1000);
    CHECK(parse_log_stamp(log_stamp(time_ns)) == time_ns / kMillisecond * kMillisecond);
  }
  CHECK(parse_file_stamp("2026-11-20T08.18.31") == parse_file_stamp("2026-11-20T08.18.31.000000"));
  // The hour that comes twice is one of the two.
  const auto twice = parse_log_stamp("2026-10-25 02:30:00,000");
  REQUIRE(twice);
  CHECK(log_stamp(*twice) == "2026-10-25 02:30:00,000");
}

TEST_CASE("what is no stamp is refused") {
  for (const char* text :
       {"", "2026-11-20", "2026-11-20T08.18.31.", "2026-11-20T08.18.31.1234567", "2026-11-20T24.00.00",
        "2026-00-20T08.18.31", "2026-11-20T08.18.31x", "+026-11-20T08.18.31"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_file_stamp(text));
  }
  for (const char* text : {"", "2026-11-20 08:18:31", "2026-11-20 08:18:31.809", "2026-11-20 08:18:31,8x9"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_log_stamp(text));
  }
}

TEST_CASE("the minute of the day is that of a clock on the wall") {
  const TimeZone utc("UTC0");
  CHECK(minute_of_local_day(kMoment) == 8 * 60 + 18);
  const TimeZone india("IST-5:30");
  CHECK(minute_of_local_day(kMoment) == 13 * 60 + 48);
}
