#pragma once

#include <cstdint>
#include <functional>

#include "common/thread.hpp"

/// What a long-running program owes to systemd and to the user at the terminal.
namespace common {

/// Exit statuses (sysexits.h where it has one).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitNoNode = 67;       ///< there is no such node
inline constexpr int kExitUnavailable = 69;  ///< the peer of a client command is not there
inline constexpr int kExitCannotCheck = 74;  ///< what was to be checked cannot be read
inline constexpr int kExitInUse = 75;        ///< another process has the data directory
inline constexpr int kExitRestart = 80;      ///< wants to be started again
inline constexpr int kExitConfig = 78;       ///< systemd does not restart on this one

/// What a signal asks for.
enum class Wish { none, stop, reload };

/// Blocks SIGTERM, SIGINT and SIGHUP for the whole process, so that only wait() sees them. Make it first in main,
/// before any thread starts. A second SIGTERM or SIGINT while stopping ends the process at once. SIGHUP asks for new
/// settings; but when it says that the terminal in which the program was started has gone, to stop, unless that was
/// started to outlive its terminal (nohup).
class Signals {
 public:
  Signals();
  /// What came within the time.
  Wish wait(std::int64_t timeout_ns);

 private:
  bool ends_with_terminal_ = false;
};

/// Says READY=1, then calls `tick` once a second, `reload` at each SIGHUP, and feeds systemd's watchdog (WatchdogSec)
/// while no thread is stuck, until a signal asks to stop or `tick` returns false. Whether it was a signal. Main thread.
bool run_until_stopped(Signals& signals, const Liveness& liveness, const std::function<bool()>& tick,
                       const std::function<void()>& reload);

/// While it exists, systemd's watchdog waits so long for the main thread, which does what a tick seldom has to do.
class WatchdogPause {
 public:
  explicit WatchdogPause(std::int64_t at_most_ns);
  ~WatchdogPause();
  WatchdogPause(const WatchdogPause&) = delete;
  WatchdogPause& operator=(const WatchdogPause&) = delete;
};

/// Ends the process with status 1 when the object still exists after `timeout_ns`: a clean stop must not hang. The
/// last words name the thread that is stuck. systemd is asked for as much time.
class StopDeadline {
 public:
  StopDeadline(const Liveness& liveness, std::int64_t timeout_ns);
  ~StopDeadline();
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace common
