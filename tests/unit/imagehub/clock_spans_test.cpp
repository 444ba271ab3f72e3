#include "imagehub/index/clock_spans.hpp"

#include <limits>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace imagehub;

namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct Fixture {
  /// What is left of a span of these rows, behind the shift of two.
  std::vector<ClockSpan> shifted(std::int64_t first_row, std::int64_t last_row) {
    Index::Transaction transaction(index);
    ClockSpan span{0, "images", first_row, last_row, 0, 0, 5};
    spans.save(span);
    spans.shift_some(spans.all().at(0), 2);
    return spans.all();
  }

  TempFolder folder;
  Index index{folder.disk, folder.path() / "index.sqlite3", Durability::synced};
  ClockSpans spans{index};
};

}  // namespace

TEST_CASE("rows leave a span as they are shifted, and the last take it with them") {
  Fixture fixture;
  const auto left = fixture.shifted(1, 3);
  REQUIRE(left.size() == 1);
  CHECK(left[0].first_row == 3);
  CHECK(left[0].last_row == 3);
  CHECK(fixture.shifted(1, 2).empty());
}

TEST_CASE("a span that damage gave impossible rows is shifted like any other") {
  Fixture fixture;
  CHECK(fixture.shifted(kMax, kMax).empty());
  CHECK(fixture.shifted(kMax, kMin).empty());
  CHECK(fixture.shifted(kMin, kMin).empty());
  const auto left = fixture.shifted(kMin, kMax);
  REQUIRE(left.size() == 1);
  CHECK(left[0].first_row == 3);
}
