#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/settings_changes.hpp"
#include "common/settings_reader.hpp"
#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/detect/detector_settings.hpp"
#include "imagenode/line/line_settings.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/output/action_settings.hpp"
#include "imagenode/output/lamp_settings.hpp"
#include "imagenode/sensor/sensor_settings.hpp"

namespace imagenode {

/// One entry of `cameras:` with what its detectors need.
struct ViewEntry {
  CameraSettings camera;
  Analysis analysis;
  std::vector<DetectorSettings> detectors;
};

/// All commands that there are.
const std::set<std::string>& command_names();

/// Where messages lie while no hub takes them.
struct SpoolSettings {
  std::filesystem::path folder;  ///< empty: the state folder of the service, or imagenode_data beside the settings
  int max_mb = 4096;
  Spooling when = Spooling::outage;
};

/// imagenode.yaml. Keys and defaults of the Python node are kept; imagenode.yaml at the root of the project explains
/// all.
struct NodeSettings {
  std::string name;
  int queuemax = 50;       ///< frames kept per camera for those around an event
  double heartbeat_s = 0;  ///< interval of the Heartbeat; 0: none
  SendType send_type = SendType::jpg;
  int outbox_mb = 64;  ///< messages that wait for the hub, in memory
  SpoolSettings spool;
  CatchUp catch_up = CatchUp::oldest_first;
  bool local = false;               ///< no hub at all
  std::filesystem::path local_dir;  ///< then: where messages are written as a hub would; empty: they stay in the spool
  double shutdown_timeout_s = 10;
  std::filesystem::path ledger;  ///< file with what hubs acknowledged; empty: none
  std::set<std::string> commands{"ReloadYaml", "SendFrames", "Still"};  ///< of hubs, that are carried out here
  bool print_settings = false;
  bool demo = false;  ///< of the command line: hubs show what is sent, and nobody keeps it
  LinkSettings link;
  bool find_hubs = false;  ///< by mDNS, in the place of link.addresses
  bool mirror = false;     ///< every message to each of link.addresses
  std::string network;     ///< of the hubs that are looked for; empty: of those without one
  std::vector<ViewEntry> views;
  std::vector<SensorSettings> sensors;
  std::vector<LineSettings> lines;
  std::vector<LampSettings> lamps;
  std::vector<ActionSettings> actions;
  std::filesystem::path sysfs = "/sys";  ///< where the kernel shows hardware; the environment's SYSFS_PATH moves it
  std::vector<std::string> notes;        ///< keys of the Python node that are accepted and say nothing here
  common::SettingsText origin;           ///< of load_node_settings(): to see later what has changed
};

/// Reads all keys; problems are collected by the file and thrown by its finish().
NodeSettings read_node_settings(common::SettingsFile& file);

/// Loads and checks. Throws common::SettingsError.
NodeSettings load_node_settings(const std::filesystem::path& file);

/// For print_settings: one `key: value` per line.
std::string describe(const NodeSettings& settings);

}  // namespace imagenode
