#pragma once

#include <memory>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/thread.hpp"
#include "imagehub/settings.hpp"

namespace imagehub {

/// The whole hub: wires store, index, filing, intake and control, in the order in which they need each other.
/// Main thread only.
class Hub {
 public:
  /// Takes the data directory (and its lock), finishes what a crash left, binds. Throws std::exception with what to
  /// change when it cannot.
  Hub(const HubSettings& settings, common::FileSystem& files, const common::Clock& clock, common::Liveness& liveness);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Once a second: nodes lost and back, silence. When the index turned out to be damaged all parts end, it is
  /// salvaged, and they begin anew, which may take minutes; throws std::exception with what to do when they cannot.
  void tick();

  /// Reads the settings file again (SIGHUP) and takes what changed, while all goes on. When the file is wrong, or holds
  /// a change that needs a restart, nothing changes. Either is logged.
  void reload();

  double shutdown_timeout_s() const;

  /// Answers what is under way, within `shutdown_timeout`; nodes with more are told RETRY.
  void stop();

  /// What was started, for a person: addresses, folders.
  std::string greeting() const;

 private:
  struct Parts;
  void begin(const HubSettings& settings, common::FileSystem& files, const common::Clock& clock,
             common::Liveness& liveness);
  void salvage_when_damaged();

  std::unique_ptr<Parts> parts_;
};

}  // namespace imagehub
