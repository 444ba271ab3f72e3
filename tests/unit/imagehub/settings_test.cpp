#include "imagehub/settings.hpp"

#include <fstream>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace imagehub;

namespace {

HubSettings read(const std::string& text) {
  auto file = common::SettingsFile::parse(text, "imagehub.yaml");
  HubSettings settings = read_hub_settings(file);
  file.finish();
  return settings;
}

std::string problems(const std::string& text) {
  try {
    read(text);
    return "";
  } catch (const common::SettingsError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("the defaults are those of the Python hub, without its limit") {
  const HubSettings settings = read("hub:\n");
  CHECK(settings.patience_s == 600);
  CHECK(settings.data_directory == "imagehub_data");
  CHECK_FALSE(settings.committer.max_images_per_day);
  CHECK_FALSE(settings.queuemax);
  CHECK_FALSE(settings.print_settings);
  CHECK(settings.intake.addresses == std::vector<std::string>{"tcp://*:5555"});
  CHECK(settings.intake.subscribe.empty());
  CHECK(settings.intake.max_message_mb == 64);
  CHECK(settings.intake.intake_mb == 256);
  CHECK(settings.durability == Durability::synced);
  CHECK(settings.filing.writers == 4);
  CHECK(settings.announce);
  CHECK(settings.network.empty());
}

TEST_CASE("an imagehub.yaml of the Python hub is read as it is") {
  const HubSettings settings = read(
      "# Settings file imagehub.yaml\n---\nhub:\n  queuemax: 500\n  patience: 5\n  data_directory: my_data\n"
      "  max_images_write: 9000\n  print_settings: True\n");
  CHECK(settings.queuemax == 500);
  CHECK(settings.patience_s == 300);
  CHECK(settings.data_directory == "my_data");
  CHECK(settings.committer.max_images_per_day == 9000);
  CHECK(settings.print_settings);
}

TEST_CASE("every key of the hub has its effect") {
  const HubSettings settings = read(
      "hub:\n  address: [tcp://*:1, ipc:///x]\n  subscribe: tcp://pi:5555\n  max_message_mb: 2\n  intake_mb: 3\n"
      "  writers: 5\n  durability: written\n  patience: 0.5\n  shutdown_timeout: 2m\n"
      "  announce: False\n  network: north farm\n  command_ttl: 2h\n");
  CHECK(settings.intake.addresses == std::vector<std::string>{"tcp://*:1", "ipc:///x"});
  CHECK(settings.intake.subscribe == std::vector<std::string>{"tcp://pi:5555"});
  CHECK(settings.intake.max_message_mb == 2);
  CHECK(settings.intake.intake_mb == 3);
  CHECK(settings.filing.writers == 5);
  CHECK(settings.durability == Durability::written);
  CHECK(settings.patience_s == 30);
  CHECK(settings.shutdown_timeout_s == 120);
  CHECK(settings.command_ttl_s == 7200);
  CHECK_FALSE(settings.announce);
  CHECK(settings.network == "north farm");
  CHECK_THAT(describe(settings), ContainsSubstring("address: tcp://*:1, ipc:///x\n"));
  CHECK_THAT(describe(settings), ContainsSubstring("durability: written\n"));
}

TEST_CASE("without a word nothing is ever deleted, and there is a reserve for a full disk") {
  const HubSettings settings = read("hub:\n");
  CHECK_FALSE(settings.retention.any());
  CHECK_FALSE(settings.retention.include_adopted);
  CHECK(settings.reserve_mb == 64);
  CHECK_THAT(describe(settings), ContainsSubstring("retention: no limit\n"));
}

TEST_CASE("limits of retention are for all, overridden for images, and by a node and its images") {
  const HubSettings settings = read(
      "hub: {reserve_mb: 0}\n"
      "retention:\n  keep_days: 90\n  max_gb: 200\n  min_free_gb: 5\n  include_adopted: True\n"
      "  images: {keep_days: 30}\n"
      "  nodes:\n    Barn: {keep_days: 365, max_gb: 50}\n    Field: {min_free_gb: 1, images: {keep_days: 2.5}}\n"
      "    Lab: {data: {keep_days: 3650}}\n"
      "  data: {max_gb: 20}\n");
  const RetentionSettings& retention = settings.retention;
  CHECK(settings.reserve_mb == 0);
  CHECK(retention.any());
  CHECK(retention.include_adopted);
  CHECK(retention.images.of("Shed").keep_days == 30);
  CHECK(retention.images.of("Shed").max_gb == 200);
  CHECK(retention.images.of("Shed").min_free_gb == 5);
  CHECK(retention.images.of("Barn").keep_days == 365);
  CHECK(retention.images.of("Barn").max_gb == 50);
  CHECK(retention.images.of("Barn").min_free_gb == 5);
  CHECK(retention.images.of("Field").keep_days == 2.5);
  CHECK(retention.images.of("Field").min_free_gb == 1);
  CHECK_FALSE(retention.data.of("Barn").keep_days);
  CHECK(retention.data.all.max_gb == 20);
  CHECK(retention.data.of("Lab").keep_days == 3650);
  CHECK(retention.images.of("Lab").keep_days == 30);
  CHECK(retention.images.own_room == std::set<std::string>{"Barn"});
  CHECK_THAT(describe(settings), ContainsSubstring("retention: keep_days 30 max_gb 200 min_free_gb 5; Barn: keep_days "
                                                   "365 max_gb 50 min_free_gb 5; Field: "));
}

TEST_CASE("limits of retention that make no sense are refused") {
  CHECK_THAT(problems("hub:\nretention: {keep_days: 0}\n"), ContainsSubstring("keep_days: 0 is not a number from"));
  CHECK_THAT(problems("hub:\nretention: {max_gb: -1}\n"), ContainsSubstring("max_gb: -1 is not a number of at least"));
  CHECK_THAT(problems("hub:\nretention: {keep_day: 3}\n"), ContainsSubstring("did you mean keep_days?"));
  CHECK_THAT(problems("hub:\nretention: {nodes: {Barn: {include_adopted: True}}}\n"),
             ContainsSubstring("include_adopted is unknown"));
}

TEST_CASE("every problem of the hub's file is told at once, with its place") {
  CHECK(problems("hub:\n"
                 "  patience: 0\n"
                 "  writers: many\n"
                 "  max_message_mb: 5000\n"
                 "  adress: tcp://*:1\n"
                 "  durability: none\n"
                 "hubs: {}\n") ==
        "imagehub.yaml:2:3: patience: 0 is not a number from 0.01 to 525600\n"
        "imagehub.yaml:3:3: writers: many is not a whole number from 1 to 64\n"
        "imagehub.yaml:4:3: max_message_mb: 5000 is not a whole number from 1 to 1024\n"
        "imagehub.yaml:5:3: adress is unknown; did you mean address?\n"
        "imagehub.yaml:6:3: durability: none is not one of synced, written\n"
        "imagehub.yaml:7:1: hubs is unknown; did you mean hub?");
}

TEST_CASE("a file without hub, or that listens nowhere, is refused") {
  CHECK_THAT(problems(""), ContainsSubstring("hub: is required here"));
  CHECK_THAT(problems("hub: {address: []}"), ContainsSubstring("at least one address is needed"));
  CHECK(problems("hub: {address: [], subscribe: tcp://pi:1}") == "");
}

TEST_CASE("addresses that cannot be listened on or subscribed to are refused with their place") {
  CHECK(problems("hub:\n  address: [tcp://*:5555, tcp://*:99999]\n  subscribe: pi:5555\n") ==
        "imagehub.yaml:2:3: address: tcp://*:99999 has no port from 1 to 65535; an address is such as tcp://*:5555\n"
        "imagehub.yaml:3:3: subscribe: pi:5555 does not begin with tcp:// or ipc://; "
        "an address is such as tcp://192.168.1.10:5555");
}

TEST_CASE("a relative data directory lies beside the file, an absolute one where it says") {
  const TempFolder folder;
  const auto file = folder.path() / "imagehub.yaml";
  std::ofstream(file) << "hub: {data_directory: here}\n";
  CHECK(load_hub_settings(file).data_directory == folder.path() / "here");
  std::ofstream(file) << "hub: {data_directory: /srv/there}\n";
  CHECK(load_hub_settings(file).data_directory == "/srv/there");
}
