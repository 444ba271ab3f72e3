#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
  /// salvaged, and they begin anew, which may take minutes. Throws std::exception when they cannot, or when that comes
  /// again soon: the next start salvages the index.
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
  std::optional<std::string> damage() const;
  void salvage(const std::string& damage);

  std::unique_ptr<Parts> parts_;
  std::optional<std::int64_t> salvaged_ns_;  ///< when that was done last while the hub ran
};

}  // namespace imagehub
