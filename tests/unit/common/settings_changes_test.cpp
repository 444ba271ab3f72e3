#include "common/settings_changes.hpp"

#include "catch.hpp"
#include "common/settings_reader.hpp"

using namespace common;
using Texts = std::vector<std::string>;

TEST_CASE("keys that differ, came or went are changed ones, with what lies below them") {
  const std::string before =
      "node:\n  name: Barn\n  heartbeat: 1\n  spool: {max_mb: 5}\n"
      "cameras:\n  P1: {viewname: door, detectors: {motion: {delta: 3}}}\n  P2: {viewname: yard}\n";
  const std::string now =
      "node:\n  name: Barn\n  patience: 5\n  spool: {max_mb: 6}\n"
      "cameras:\n  P1: {viewname: door, detectors: {motion: {delta: 4}}}\n  P2: {viewname: yard}\n  P3: {viewname: "
      "x}\n";
  CHECK(changed_keys(before, before).empty());
  CHECK(changed_keys(before, now) ==
        Texts{"cameras.P1", "cameras.P3", "node.heartbeat", "node.patience", "node.spool"});
}

TEST_CASE("how a value is written makes no change") {
  const std::string before = "node:\n  name: Barn  # the old one\n  roi: (10, 20)\n  list: [1, 2]\ncameras: {}\n";
  CHECK(changed_keys(before, "{\"node\": {\"list\": [1, 2], \"roi\": \"(10, 20)\", \"name\": \"Barn\"}}").empty());
  CHECK(changed_keys("node: {name: Barn, patience: , heartbeat: None}", "node: {name: Barn}").empty());
  CHECK(changed_keys("", "{}").empty());
}

TEST_CASE("values that look alike when they are put together differ") {
  CHECK(changed_keys("a: {b: [x, yz]}", "a: {b: [xy, z]}") == Texts{"a.b"});
  CHECK(changed_keys("a: {b: [[x], y]}", "a: {b: [[x, y]]}") == Texts{"a.b"});
  CHECK(changed_keys("a: {b: {c: {x: 1}, d: 2}}", "a: {b: {c: {x: 1, d: 2}}}") == Texts{"a.b"});
  // The order of detectors has a meaning.
  CHECK(changed_keys("a: {b: {c: 1, d: 2}}", "a: {b: {d: 2, c: 1}}") == Texts{"a.b"});
}

TEST_CASE("a word in the place of a section is a change of both") {
  CHECK(changed_keys("hub_address: auto", "hub_address: {H1: a, H2: b}") ==
        Texts{"hub_address", "hub_address.H1", "hub_address.H2"});
  CHECK(changed_keys("hub_address: auto", "hub_address: none") == Texts{"hub_address"});
}

TEST_CASE("what is not YAML has no changed keys") {
  CHECK_THROWS_AS(changed_keys("a: 1", "a: [1"), SettingsError);
}

TEST_CASE("keys that are not live are told, of sections as a whole too") {
  const Texts keys{"cameras.P1", "node.heartbeat", "node.name", "spare"};
  CHECK(keys_beyond(keys, {"cameras.*", "node.heartbeat"}) == Texts{"node.name", "spare"});
  CHECK(keys_beyond(keys, {"cameras.*", "node.*", "spare"}).empty());
  CHECK_NOTHROW(require_live(keys, {"cameras.*", "node.*", "spare"}, "node"));
  CHECK_THROWS_WITH(require_live(keys, {"cameras.*", "node.heartbeat"}, "node"),
                    "node.name, spare: a change needs a restart of the node; nothing was changed");
  CHECK(listed({"a.b", "c"}) == "a.b, c");
  CHECK(listed({}) == "nothing");
}
