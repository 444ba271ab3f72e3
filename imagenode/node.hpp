#pragma once

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

  /// Once a second: commands, heartbeat, news of what was dropped. False when a hub wants this program started anew.
  bool tick();

  /// Ends the cameras and gives the link `shutdown_timeout` to deliver what is left; the rest goes to the spool. All
  /// within stop_time_ns() (roads.hpp), as far as cameras let it.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace imagenode
