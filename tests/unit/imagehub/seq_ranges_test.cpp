#include "imagehub/index/seq_ranges.hpp"

#include <random>
#include <set>

#include "catch.hpp"
#include "common/database.hpp"

using imagehub::SeqRanges;

TEST_CASE("numbers in order are one range") {
  SeqRanges ranges;
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) ranges.insert(seq);
  REQUIRE(ranges.ranges().size() == 1);
  CHECK(ranges.ranges().at(1) == 1000);
  CHECK(ranges.changed() == std::set<std::uint64_t>{1});
}

TEST_CASE("a number that closes a gap joins two ranges") {
  SeqRanges ranges;
  ranges.load(1, 4);
  ranges.load(6, 9);
  ranges.insert(5);
  CHECK(ranges.ranges() == std::map<std::uint64_t, std::uint64_t>{{1, 9}});
  CHECK(ranges.removed() == std::set<std::uint64_t>{6});
}

TEST_CASE("ranges behave as a set of numbers, whatever the order") {
  std::mt19937 random(7);
  SeqRanges ranges;
  std::set<std::uint64_t> expected;
  std::map<std::uint64_t, std::uint64_t> table;  // what the changes make of a stored table
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t seq = 1 + random() % 200;
    if (random() % 4 == 0) {
      ranges.erase(seq);
      expected.erase(seq);
    } else {
      ranges.insert(seq);
      expected.insert(seq);
    }
    if (i % 7 == 0) {
      for (const auto low : ranges.removed()) table.erase(low);
      for (const auto low : ranges.changed()) table[low] = ranges.ranges().at(low);
      ranges.clear_changes();
      REQUIRE(table == ranges.ranges());
    }
    const std::uint64_t asked = 1 + random() % 200;
    REQUIRE(ranges.contains(asked) == expected.contains(asked));
  }
}

TEST_CASE("the numbers up to one are counted") {
  SeqRanges ranges;
  ranges.load(10, 19);
  for (const std::uint64_t seq : {1U, 2U, 4U}) ranges.insert(seq);
  CHECK(ranges.count_to(0) == 0);
  CHECK(ranges.count_to(3) == 2);
  CHECK(ranges.count_to(9) == 3);
  CHECK(ranges.count_to(10) == 4);
  CHECK(ranges.count_to(15) == 9);
  CHECK(ranges.count_to(UINT64_MAX) == 13);
}

TEST_CASE("a range joins all that it touches") {
  const auto joined = [](std::uint64_t low, std::uint64_t high) {
    SeqRanges ranges;
    ranges.load(10, 19);
    ranges.load(30, 39);
    ranges.insert(low, high);
    return ranges.ranges();
  };
  using Ranges = std::map<std::uint64_t, std::uint64_t>;
  CHECK(joined(20, 29) == Ranges{{10, 39}});
  CHECK(joined(15, 35) == Ranges{{10, 39}});
  CHECK(joined(12, 13) == Ranges{{10, 19}, {30, 39}});
  CHECK(joined(0, 100) == Ranges{{0, 100}});
  CHECK(joined(0, 8) == Ranges{{0, 8}, {10, 19}, {30, 39}});
  CHECK(joined(40, 50) == Ranges{{10, 19}, {30, 50}});
  CHECK(joined(5, 9) == Ranges{{5, 19}, {30, 39}});
}

TEST_CASE("stored ranges that are none, or overlap, are refused") {
  SeqRanges ranges;
  ranges.load(10, 20);
  CHECK_THROWS_AS(ranges.load(0, 5), common::CorruptDatabase);
  CHECK_THROWS_AS(ranges.load(9, 8), common::CorruptDatabase);
  CHECK_THROWS_AS(ranges.load(5, 10), common::CorruptDatabase);
  CHECK_THROWS_AS(ranges.load(12, 14), common::CorruptDatabase);
  CHECK_THROWS_AS(ranges.load(20, 30), common::CorruptDatabase);
  CHECK_THROWS_AS(ranges.load(5, 40), common::CorruptDatabase);
  ranges.load(21, 30);
  ranges.load(5, 9);
  CHECK(ranges.count_to(40) == 26);
}
