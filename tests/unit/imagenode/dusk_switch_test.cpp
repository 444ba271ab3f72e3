#include "imagenode/output/dusk_switch.hpp"

#include "catch.hpp"

using namespace imagenode;

TEST_CASE("without a word it is off, and the first word counts at once") {
  DuskSwitch dusk(60);
  CHECK_FALSE(dusk.is_on(0));
  CHECK_FALSE(dusk.due_ns());
  dusk.tell(true);
  CHECK(dusk.is_on(1));
  CHECK_FALSE(dusk.due_ns());
}

TEST_CASE("it stays in each state for as long as it is held") {
  DuskSwitch dusk(60);
  dusk.tell(true);
  CHECK(dusk.is_on(100));
  dusk.tell(false);
  CHECK(dusk.is_on(159));
  CHECK(dusk.due_ns() == 160);
  CHECK_FALSE(dusk.is_on(160));
  CHECK_FALSE(dusk.due_ns());
  dusk.tell(true);
  CHECK_FALSE(dusk.is_on(219));
  CHECK(dusk.is_on(220));
}

TEST_CASE("a word that is taken back while it is held changes nothing") {
  DuskSwitch dusk(60);
  dusk.tell(true);
  CHECK(dusk.is_on(100));
  dusk.tell(false);
  CHECK(dusk.is_on(110));
  dusk.tell(true);
  CHECK_FALSE(dusk.due_ns());
  CHECK(dusk.is_on(1000));
}
