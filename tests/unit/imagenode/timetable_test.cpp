#include "imagenode/output/timetable.hpp"

#include "catch.hpp"
#include "common/text.hpp"

using namespace imagenode;

namespace {

constexpr int kHour = 60;

/// The hours at which it is on, as "23 0 1".
std::string hours(const std::vector<std::string>& texts) {
  const auto table = Timetable::parse(texts);
  if (!table) return "none";
  std::string on;
  for (int hour = 0; hour < 24; ++hour) {
    if (table->is_on(hour * kHour)) on += common::cat(on.empty() ? "" : " ", hour);
  }
  return on;
}

}  // namespace

TEST_CASE("a timetable has the times of the Python node's documents, over midnight too") {
  CHECK(hours({"(11pm-5am)"}) == "0 1 2 3 4 23");
  CHECK(hours({"(6am-9am)"}) == "6 7 8");
  CHECK(hours({"( 11 PM - 1 AM )"}) == "0 23");
}

TEST_CASE("twelve is midnight with am and noon with pm") {
  CHECK(hours({"12am-2am"}) == "0 1");
  CHECK(hours({"12pm-2pm"}) == "12 13");
}

TEST_CASE("times may have minutes and 24 hours, and the last minute is off") {
  const auto table = Timetable::parse({"22:15-0:30"});
  REQUIRE(table);
  CHECK_FALSE(table->is_on(22 * kHour + 14));
  CHECK(table->is_on(22 * kHour + 15));
  CHECK(table->is_on(29));
  CHECK_FALSE(table->is_on(30));
  CHECK(hours({"20:00-24:00"}) == "20 21 22 23");
  CHECK(hours({"8:30pm-10:30pm"}) == "21 22");
}

TEST_CASE("several times are one table, in a list or with commas") {
  CHECK(hours({"(11pm-1am)", "(6am-7am)"}) == "0 6 23");
  CHECK(hours({"(11pm-1am),(6am-7am)"}) == "0 6 23");
}

TEST_CASE("continuous is always") {
  CHECK(hours({"continuous"}) == hours({"0:00-12:00", "12:00-24:00"}));
  CHECK(Timetable().is_on(0));
}

TEST_CASE("what is no time is not guessed at") {
  for (const char* text : {"", "dark", "11pm", "23-5", "13pm-2am", "0am-1am", "24:01-1:00", "5:60-6:00", "-5am",
                           "5am-5am", "(5am-6am", "5am-6am,", "+5:00-6:00", "5am-6am-7am", "timed"}) {
    INFO(text);
    CHECK(hours({text}) == "none");
  }
  CHECK(hours({}) == "none");
  CHECK(hours({"continuous", "5am-6am"}) == "none");
}
