#include "imagehub/filing/held_lanes.hpp"

#include "catch.hpp"

using namespace imagehub;

namespace {

const LaneKey kLane{0xF00D, common::DeliveryClass::image, false, 0};

/// The lane as Filing uses it: a message comes, and is held or not.
struct Lane {
  bool held(std::uint64_t seq, const std::string& connection) {
    lanes.came(kLane, connection);
    return lanes.held_from(kLane, seq, connection).has_value();
  }
  HeldLanes lanes;
};

}  // namespace

TEST_CASE("a sender that no longer has what a lane waits for goes on when it connects anew") {
  Lane lane;
  CHECK_FALSE(lane.held(5, "old"));
  lane.lanes.hold(kLane, 5, "old");
  CHECK(lane.held(6, "old"));
  CHECK_FALSE(lane.held(7, "new"));
  CHECK_FALSE(lane.held(8, "new"));
}

TEST_CASE("a message of an older connection that fails holds nothing of the newer one") {
  Lane lane;
  CHECK_FALSE(lane.held(5, "old"));
  CHECK_FALSE(lane.held(6, "new"));
  lane.lanes.hold(kLane, 5, "old");
  CHECK_FALSE(lane.held(6, "new"));
}

TEST_CASE("a hold by a newer connection takes the place of that by an older one") {
  Lane lane;
  CHECK_FALSE(lane.held(5, "old"));
  lane.lanes.hold(kLane, 5, "old");
  CHECK_FALSE(lane.held(6, "new"));
  lane.lanes.hold(kLane, 5, "old");
  lane.lanes.hold(kLane, 6, "new");
  CHECK(lane.held(7, "new"));
  CHECK(lane.held(7, "old"));
  CHECK_FALSE(lane.held(6, "new"));
}

TEST_CASE("a connection that is long forgotten is older than those that are known") {
  Lane lane;
  lane.lanes.came(kLane, "old");
  lane.lanes.hold(kLane, 5, "old");
  for (int i = 0; i < 20; ++i) lane.lanes.came(kLane, std::to_string(i));
  CHECK(lane.lanes.is_newer(kLane, "19", "old"));
  CHECK_FALSE(lane.lanes.is_newer(kLane, "old", "19"));
  CHECK_FALSE(lane.held(6, "19"));
}
