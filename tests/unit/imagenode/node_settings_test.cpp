#include "catch.hpp"
#include "imagenode/settings.hpp"
#include "temp_folder.hpp"

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
  T1:
    name: Temperature
    gpio: 4
    type: DS18B20
    unit: F
    read_interval_minutes: 10
    min_difference: 1
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
  REQUIRE(settings.sensors.size() == 1);
  CHECK(settings.sensors[0].kind == "DS18B20");
  REQUIRE(settings.lamps.size() == 1);
  CHECK(settings.lamps[0].address.line == "18");
  CHECK(settings.notes.size() == 3);
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
             ContainsSubstring("H1: 192.168.1.10 does not begin with tcp:// or ipc://"));
  CHECK_THAT(problems("node: {name: Barn}\nhub_address:\n  H1: tcp://hub:99999\n  H2: tcp://hub\n"),
             ContainsSubstring("imagenode.yaml:2:1: hub_address: H1: tcp://hub:99999 has no port from 1 to 65535") &&
                 ContainsSubstring("H2: tcp://hub has no port; an address is such as tcp://"));
  CHECK_THAT(problems("node: {name: Barn}\nhub_address: {first: 'tcp://a:1'}\n"),
             ContainsSubstring("first is not one of H1, H2, H3"));
}

TEST_CASE("hubs are found by mDNS when the address is auto") {
  const NodeSettings settings = read("node: {name: Barn, network: north farm}\nhub_address: auto\n");
  CHECK(settings.find_hubs);
  CHECK(settings.network == "north farm");
  CHECK(settings.link.addresses.empty());
  CHECK_FALSE(read("node: {name: Barn}\n" + kHub).find_hubs);
  CHECK_THAT(
      problems("node: {name: Barn}\nhub_address: tcp://a:1\n"),
      ContainsSubstring("imagenode.yaml:2:1: hub_address: tcp://a:1 is neither auto, none nor a mapping such as"));
}

TEST_CASE("a mirror needs hubs that are named") {
  CHECK(read("node: {name: Barn, mirror: True}\n" + kHub).mirror);
  CHECK_THAT(problems("node: {name: Barn, mirror: True}\nhub_address: auto\n"),
             ContainsSubstring("imagenode.yaml:2:1: hub_address: a mirror needs the hubs"));
  CHECK_THAT(problems("node: {name: Barn, mirror: True}\nhub_address: {H1: 'tcp://a:1', H2: 'tcp://a:1'}\n"),
             ContainsSubstring("the same address stands twice"));
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

TEST_CASE("the spool is set by a section of its own") {
  const NodeSettings settings =
      read("node: {name: Barn, spool: {path: /srv/spool, max_mb: 100, when: always}, catch_up: newest_first}\n" + kHub);
  CHECK(settings.spool.folder == "/srv/spool");
  CHECK(settings.spool.max_mb == 100);
  CHECK(settings.spool.when == Spooling::always);
  CHECK(settings.catch_up == CatchUp::newest_first);
  CHECK(settings.notes.size() == 1);
  CHECK_THAT(problems("node: {name: Barn, spool: {when: sometimes}}\n" + kHub),
             ContainsSubstring("outage, always, never"));
}

TEST_CASE("a node can be without a hub") {
  const NodeSettings settings = read("node: {name: Barn, local_dir: here}\nhub_address: none\n");
  CHECK(settings.local);
  CHECK(settings.link.addresses.empty());
  CHECK_FALSE(read("node: {name: Barn}\n" + kHub).local);
  CHECK(read("node: {name: Barn, local_dir: here}\n" + kHub).notes.size() == 1);
  CHECK_THAT(problems("node: {name: Barn, spool: {when: never}}\nhub_address: none\n"),
             ContainsSubstring("keeps nothing"));
}

TEST_CASE("the spool lies in the state folder of the service, else beside the settings") {
  const TempFolder folder;
  const auto file = folder.path() / "imagenode.yaml";
  const std::string text = "node: {name: Barn, ledger: audit.tsv, local_dir: /srv/here}\n" + kHub;
  write_file(file, common::Bytes(text.begin(), text.end()));
  ::unsetenv("STATE_DIRECTORY");
  CHECK(load_node_settings(file).spool.folder == folder.path() / "imagenode_data");
  CHECK(load_node_settings(file).ledger == folder.path() / "audit.tsv");
  CHECK(load_node_settings(file).local_dir == "/srv/here");
  ::setenv("STATE_DIRECTORY", "/var/lib/imagenode:/var/lib/other", 1);
  CHECK(load_node_settings(file).spool.folder == "/var/lib/imagenode");
  ::unsetenv("STATE_DIRECTORY");
}
