#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/settings_changes.hpp"
#include "common/settings_reader.hpp"
#include "imagehub/care/upkeep.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/intake/intake.hpp"

namespace imagehub {

/// imagehub.yaml. Keys and defaults of the Python hub are kept; imagehub.yaml at the root of the project explains all.
struct HubSettings {
  IntakeSettings intake;
  FilingSettings filing;
  CommitterSettings committer;
  BatchSettings batches;
  UpkeepSettings upkeep;
  RetentionSettings retention;
  int reserve_mb = 64;
  Durability durability = Durability::synced;
  std::filesystem::path data_directory = "imagehub_data";
  double patience_s = 10 * 60;
  double shutdown_timeout_s = 10;
  double command_ttl_s = 3600;  ///< then a command to a node is forgotten
  bool announce = true;         ///< by mDNS, when Avahi is there
  std::string network;          ///< told with it; empty for none
  bool print_settings = false;
  std::optional<int> queuemax;
  common::SettingsText origin;  ///< of load_hub_settings(): to see later what has changed
};

/// Reads all keys; problems are collected by the file and thrown by its finish().
HubSettings read_hub_settings(common::SettingsFile& file);

/// Loads, checks, and puts a relative data_directory beside the file. Throws common::SettingsError.
HubSettings load_hub_settings(const std::filesystem::path& file);

/// For print_settings: one `key: value` per line.
std::string describe(const HubSettings& settings);

}  // namespace imagehub
