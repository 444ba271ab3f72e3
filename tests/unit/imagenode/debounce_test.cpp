#include "imagenode/sensor/debounce.hpp"

#include <vector>

#include "catch.hpp"

using namespace imagenode;

namespace {

using Changes = std::vector<std::pair<bool, std::int64_t>>;

/// The changes that come of the edges, and of a long time without any behind them.
Changes changes(Debounce& debounce, const std::vector<Edge>& edges) {
  Changes found;
  const auto add = [&](const std::optional<Edge>& change) {
    if (change) found.emplace_back(change->active, change->monotonic_ns);
  };
  for (const Edge& edge : edges) add(debounce.see(edge));
  add(debounce.pass(1'000'000));
  return found;
}

}  // namespace

TEST_CASE("a level that lasts is a change at the time at which it began") {
  Debounce debounce(false, 10);
  CHECK(changes(debounce, {{true, 100}, {false, 200}}) == Changes{{true, 100}, {false, 200}});
}

TEST_CASE("contacts that bounce make one change") {
  Debounce debounce(false, 10);
  CHECK(changes(debounce, {{true, 100}, {false, 103}, {true, 105}, {false, 106}, {true, 108}}) == Changes{{true, 108}});
}

TEST_CASE("a level that is back too soon is none") {
  Debounce debounce(false, 10);
  CHECK(changes(debounce, {{true, 100}, {false, 109}}).empty());
  CHECK_FALSE(debounce.due_ns().has_value());
}

TEST_CASE("a change is certain when its time has passed, not before") {
  Debounce debounce(false, 10);
  CHECK_FALSE(debounce.due_ns().has_value());
  CHECK_FALSE(debounce.see({true, 100}).has_value());
  CHECK(debounce.due_ns() == 110);
  CHECK_FALSE(debounce.pass(109).has_value());
  CHECK_FALSE(debounce.state());
  CHECK(debounce.pass(110).has_value());
  CHECK(debounce.state());
  CHECK_FALSE(debounce.pass(200).has_value());
}

TEST_CASE("without a quiet time every edge is a change at once") {
  Debounce debounce(false, 0);
  const auto up = debounce.see({true, 100});
  CHECK((up && up->active && up->monotonic_ns == 100));
  const auto down = debounce.see({false, 101});
  CHECK((down && !down->active && down->monotonic_ns == 101));
}

TEST_CASE("a level that was known already is no change") {
  Debounce debounce(true, 0);
  CHECK(changes(debounce, {{true, 100}, {true, 200}}).empty());
}
