#include "imagehub/reload.hpp"

#include <algorithm>
#include <set>

namespace imagehub {
namespace {

/// What a running hub takes.
const std::set<std::string>& live_keys() {
  static const std::set<std::string> keys{"retention.*", "hub.announce", "hub.backups", "hub.command_ttl",
                                          "hub.max_images_write", "hub.network", "hub.patience", "hub.shutdown_timeout",
                                          // These say nothing to a hub that runs.
                                          "hub.print_settings", "hub.queuemax"};
  return keys;
}

}  // namespace

bool SettingsChange::has(const std::string& key) const {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool SettingsChange::has_any_of(const std::string& section) const {
  return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return key.starts_with(section + '.'); });
}

SettingsChange read_again(const HubSettings& in_use) {
  SettingsChange change{load_hub_settings(in_use.origin.file), {}};
  change.keys = common::changed_keys(in_use.origin.text, change.now.origin.text);
  common::require_live(change.keys, live_keys(), "hub");
  return change;
}

}  // namespace imagehub
