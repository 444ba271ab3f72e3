#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/thread.hpp"
#include "imagenode/settings.hpp"

namespace imagenode {

/// The whole node: wires cameras, detectors, Outbox and HubLink. Main thread only.
class Node {
 public:
  /// Throws common::LockedError when another process runs a node of this name.
  Node(const NodeSettings& settings, common::FileSystem& files, const common::Clock& clock, common::Liveness& liveness);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void start();

  /// Once a second: commands, silence of sensors and lines, heartbeat, news of what was dropped. False when a hub wants
  /// this program started anew.
  bool tick();

  /// Reads the settings file again (SIGHUP): what changed is taken, the rest goes on undisturbed. When the file is
  /// wrong, or holds a change that needs a restart, nothing changes. Either is logged.
  void reload();

  /// How long stop() may take with the settings of now.
  std::int64_t longest_stop_ns() const;

  /// Ends the cameras and gives the link `shutdown_timeout` to deliver what is left; the rest goes to the spool. All
  /// within longest_stop_ns(), as far as cameras let it.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace imagenode
