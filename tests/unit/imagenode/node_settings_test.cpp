#include "catch.hpp"
#include "imagenode/settings.hpp"

using namespace imagenode;

namespace {

NodeSettings read(const std::string& text) {
  auto file = common::SettingsFile::parse(text, "imagenode.yaml");
  NodeSettings settings = read_node_settings(file);
  file.finish();
  return settings;
}

std::string problems(const std::string& text) {
  try {
    read(text);
  } catch (const common::SettingsError& error) {
    return error.what();
  }
  return "";
}

const std::string kHub = "hub_address: {H1: 'tcp://127.0.0.1:5555'}\n";

}  // namespace

TEST_CASE("a settings file of the Python node is understood as it is") {
  const NodeSettings settings = read(R"(---
node:
  name: JeffOffice
  queuemax: 50
  patience: 5
  heartbeat: 10
  send_type: jpg
  send_threading: True
  REP_watcher: True
  stall_watcher: True
  print_settings: True
hub_address:
  H2: tcp://192.168.86.71:5555
  H1: tcp://jeff-macbook:5555
cameras:
  P1:
    viewname: Window
    resolution: (640, 480)
    framerate: 16
    exposure_mode: 'night'
    resize_width: 80
    detectors:
      motion:
        ROI: (25,3),(80,80)
        draw_roi: ((255,0,0),1)
        send_frames: None
sensors:
  G1:
    name: Temperature
lights:
  L1:
    on: continuous
)");
  CHECK(settings.name == "JeffOffice");
  CHECK(settings.heartbeat_s == 600);
  CHECK(settings.link.patience_s == 5);
  CHECK(settings.link.addresses == std::vector<std::string>{"tcp://jeff-macbook:5555", "tcp://192.168.86.71:5555"});
  REQUIRE(settings.views.size() == 1);
  REQUIRE(settings.views[0].detectors.size() == 1);
  CHECK(settings.views[0].detectors[0].send_frames == SendFrames::none);
  CHECK(settings.notes.size() == 5);
}

TEST_CASE("the interval of the heartbeat may have a unit") {
  CHECK(read("node: {name: Barn, heartbeat: 30s}\n" + kHub).heartbeat_s == 30);
  CHECK(read("node: {name: Barn, heartbeat: 2}\n" + kHub).heartbeat_s == 120);
}

TEST_CASE("a node without name or hub is told what is missing") {
  const std::string text = problems("cameras:\n");
  CHECK_THAT(text, ContainsSubstring("node: is required"));
  CHECK_THAT(text, ContainsSubstring("name: a node needs a name"));
  CHECK_THAT(text, ContainsSubstring("hub_address: at least one hub is needed, such as H1: tcp://"));
}

TEST_CASE("hub addresses that cannot be connected to are refused") {
  CHECK_THAT(problems("node: {name: Barn}\nhub_address: {H1: '192.168.1.10'}\n"),
             ContainsSubstring("H1: 192.168.1.10 is not an address such as tcp://"));
  CHECK_THAT(problems("node: {name: Barn}\nhub_address: {first: 'tcp://a:1'}\n"),
             ContainsSubstring("first is not one of H1, H2, H3"));
}

TEST_CASE("two cameras may not share a view name") {
  CHECK_THAT(problems("node: {name: Barn}\n" + kHub + "cameras:\n  A1: {viewname: door}\n  A2: {viewname: door}\n"),
             ContainsSubstring("is the name of another camera too"));
}

TEST_CASE("names may not hold the bar that separates a text's fields") {
  CHECK_THAT(problems("node: {name: 'a|b'}\n" + kHub), ContainsSubstring("a node needs a name without |"));
  CHECK_THAT(problems("node: {name: Barn}\n" + kHub + "cameras: {A1: {viewname: 'a|b'}}\n"),
             ContainsSubstring("must not hold |"));
}
