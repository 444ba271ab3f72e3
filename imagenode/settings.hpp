#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/detect/detector_settings.hpp"
#include "imagenode/link/hub_link.hpp"

namespace imagenode {

/// One entry of `cameras:` with what its detectors need.
struct ViewEntry {
  CameraSettings camera;
  Analysis analysis;
  std::vector<DetectorSettings> detectors;
};

/// imagenode.yaml. Keys and defaults of the Python node are kept; imagenode.yaml at the root of the project explains
/// all.
struct NodeSettings {
  std::string name;
  int queuemax = 50;       ///< frames kept per camera for those around an event
  double heartbeat_s = 0;  ///< interval of the Heartbeat; 0: none
  SendType send_type = SendType::jpg;
  int outbox_mb = 64;  ///< messages that wait for the hub
  double shutdown_timeout_s = 10;
  bool print_settings = false;
  LinkSettings link;
  std::vector<ViewEntry> views;
  std::vector<std::string> notes;  ///< keys of the Python node that are accepted and say nothing here
};

/// Reads all keys; problems are collected by the file and thrown by its finish().
NodeSettings read_node_settings(common::SettingsFile& file);

/// Loads and checks. Throws common::SettingsError.
NodeSettings load_node_settings(const std::filesystem::path& file);

/// For print_settings: one `key: value` per line.
std::string describe(const NodeSettings& settings);

}  // namespace imagenode
