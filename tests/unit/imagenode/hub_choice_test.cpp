#include "imagenode/link/hub_choice.hpp"

#include "catch.hpp"

using namespace imagenode;

namespace {

using Known = std::vector<std::string>;
const Known kThree{"a", "b", "c"};

}  // namespace

TEST_CASE("hubs are tried in their order, round after round, until one answers") {
  HubChoice choice;
  for (const char* expected : {"a", "b", "c", "a", "b", "c", "a"}) {
    CHECK(choice.next(kThree) == expected);
    choice.failed(expected);
  }
}

TEST_CASE("no known hub is no choice") {
  HubChoice choice;
  CHECK_FALSE(choice.next({}));
  choice.failed("a");
  CHECK_FALSE(choice.next({}));
}

TEST_CASE("when the hub in use breaks off the first of the others is tried, and it comes last") {
  HubChoice choice;
  choice.answered();
  choice.broke_off("b");
  for (const char* expected : {"a", "c", "b", "a", "b", "c"}) {
    CHECK(choice.next(kThree) == expected);
    choice.failed(expected);
  }
  choice.broke_off("a");
  CHECK(choice.next(kThree) == "b");
}

TEST_CASE("a hub that answered makes the first one the first again") {
  HubChoice choice;
  choice.failed("a");
  CHECK(choice.next(kThree) == "b");
  choice.answered();
  CHECK(choice.next(kThree) == "a");
}

TEST_CASE("an only hub is tried again and again") {
  HubChoice choice;
  choice.broke_off("a");
  CHECK(choice.next({"a"}) == "a");
  choice.failed("a");
  CHECK(choice.next({"a"}) == "a");
}

TEST_CASE("the hubs that are known may change at any time") {
  HubChoice choice;
  choice.failed("a");
  choice.broke_off("b");
  CHECK(choice.next({"d", "c"}) == "d");
  choice.failed("d");
  CHECK(choice.next({"c", "d"}) == "c");
  choice.failed("c");
  CHECK(choice.next({"c", "d"}) == "c");
}
