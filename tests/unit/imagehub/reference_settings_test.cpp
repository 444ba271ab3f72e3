#include "reference_settings.hpp"

#include "catch.hpp"
#include "common/files.hpp"
#include "imagehub/settings.hpp"

using namespace imagehub;

namespace {

std::string reference() {
  return common::read_text_file(std::filesystem::path(PROJECT_ROOT) / "imagehub.yaml");
}

HubSettings read(const std::string& yaml) {
  auto file = common::SettingsFile::parse(yaml, "imagehub.yaml");
  const HubSettings settings = read_hub_settings(file);
  file.finish();
  return settings;
}

}  // namespace

TEST_CASE("the reference imagehub.yaml is good as it is") {
  CHECK_NOTHROW(load_hub_settings(std::filesystem::path(PROJECT_ROOT) / "imagehub.yaml"));
}

TEST_CASE("the reference imagehub.yaml is good with all its settings taken in") {
  CHECK_NOTHROW(read(reference_settings::with_all_settings(reference())));
}

TEST_CASE("the reference imagehub.yaml holds every key of the hub's settings") {
  auto file = common::SettingsFile::parse("hub: {}", "imagehub.yaml");
  read_hub_settings(file);
  const auto keys = reference_settings::keys(reference_settings::with_all_settings(reference()), {"retention.nodes"});
  for (const std::string& key : file.known_keys()) {
    INFO(key);
    CHECK(keys.contains(key));
  }
}

TEST_CASE("the values of the reference imagehub.yaml are the defaults") {
  const HubSettings all = read(reference_settings::with_all_settings(reference()));
  const HubSettings defaults = read("hub: {}");
  CHECK(all.intake.addresses == defaults.intake.addresses);
  CHECK(all.intake.max_message_mb == defaults.intake.max_message_mb);
  CHECK(all.intake.intake_mb == defaults.intake.intake_mb);
  CHECK(all.data_directory == defaults.data_directory);
  CHECK(all.durability == defaults.durability);
  CHECK(all.patience_s == defaults.patience_s);
  CHECK(all.shutdown_timeout_s == defaults.shutdown_timeout_s);
  CHECK(all.command_ttl_s == defaults.command_ttl_s);
  CHECK(all.print_settings == defaults.print_settings);
  CHECK(all.reserve_mb == defaults.reserve_mb);
  CHECK(all.batches.files_per_batch == defaults.batches.files_per_batch);
  CHECK(all.batches.rows_per_file == defaults.batches.rows_per_file);
  CHECK(all.batches.name_pattern == defaults.batches.name_pattern);
  CHECK(all.batches.idle_s == defaults.batches.idle_s);
  CHECK(all.retention.include_adopted == defaults.retention.include_adopted);
}
