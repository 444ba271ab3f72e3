#include "common/service.hpp"

#include <fcntl.h>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace common {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

sigset_t all_signals() {
  sigset_t set = stop_signals();
  sigaddset(&set, SIGHUP);
  return set;
}

bool has_terminal() {
  return static_cast<bool>(UniqueFd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)));
}

/// A service has no terminal, and nohup has the program ignore the signal.
bool ends_with_terminal() {
  struct sigaction of_hangup {};
  sigaction(SIGHUP, nullptr, &of_hangup);
  return of_hangup.sa_handler != SIG_IGN && has_terminal();
}

/// As systemd set it (WatchdogSec); 0 when there is none.
std::int64_t watchdog_ns() {
  std::uint64_t us = 0;
  return sd_watchdog_enabled(0, &us) > 0 ? static_cast<std::int64_t>(us) * kMicrosecond : 0;
}

/// How long systemd's watchdog waits to be fed, when there is one.
void set_watchdog(std::int64_t timeout_ns) {
  if (watchdog_ns() > 0) sd_notify(0, cat("WATCHDOG_USEC=", timeout_ns / kMicrosecond).c_str());
}

/// systemd's own patience (TimeoutStopSec, WatchdogSec) must not end before ours: it knows nothing of the settings.
void ask_for_time(std::int64_t timeout_ns) {
  const std::int64_t ns = timeout_ns + 5 * kSecond;
  sd_notify(0, cat("EXTEND_TIMEOUT_USEC=", ns / kMicrosecond).c_str());
  set_watchdog(ns);
}

}  // namespace

Signals::Signals() : ends_with_terminal_(ends_with_terminal()) {
  const sigset_t set = all_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A peer or reader that goes away must give an error to the writer, not end the program.
  std::signal(SIGPIPE, SIG_IGN);
}

Wish Signals::wait(std::int64_t timeout_ns) {
  const sigset_t set = all_signals();
  timespec timeout{};
  timeout.tv_sec = static_cast<std::time_t>(timeout_ns / kSecond);
  timeout.tv_nsec = static_cast<long>(timeout_ns % kSecond);
  const int signal = sigtimedwait(&set, nullptr, &timeout);
  if (signal <= 0) return Wish::none;
  if (signal == SIGHUP && !(ends_with_terminal_ && !has_terminal())) return Wish::reload;
  const sigset_t second = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &second, nullptr);
  return Wish::stop;
}

bool run_until_stopped(Signals& signals, const Liveness& liveness, const std::function<bool()>& tick,
                       const std::function<void()>& reload) {
  // Half of the time that systemd allows: time enough for a slow tick, soon enough for a stuck thread.
  const std::int64_t limit_ns = watchdog_ns() / 2;
  sd_notify(0, "READY=1");
  bool goes_on = true;
  while (goes_on) {
    const Wish wish = signals.wait(kSecond);
    if (wish == Wish::stop) break;
    if (wish == Wish::reload) reload();
    goes_on = tick();
    if (limit_ns == 0) continue;
    if (const auto stuck = liveness.stuck(limit_ns)) {
      log::error(cat("thread ", *stuck, " makes no progress; the watchdog is not fed"));
    } else {
      sd_notify(0, "WATCHDOG=1");
    }
  }
  sd_notify(0, "STOPPING=1");
  return goes_on;
}

WatchdogPause::WatchdogPause(std::int64_t at_most_ns) {
  set_watchdog(at_most_ns);
}

WatchdogPause::~WatchdogPause() {
  set_watchdog(watchdog_ns());
}

StopDeadline::StopDeadline(const Liveness& liveness, std::int64_t timeout_ns)
    : thread_([&liveness, timeout_ns](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any done;
        std::unique_lock lock(mutex);
        done.wait_for(lock, stop, std::chrono::nanoseconds(timeout_ns), [] { return false; });
        if (stop.stop_requested()) return;
        log::error(cat("not stopped in time; thread at work: ", liveness.stuck(0).value_or("none")));
        std::_Exit(kExitFailure);
      }) {
  ask_for_time(timeout_ns);
}

StopDeadline::~StopDeadline() = default;

}  // namespace common
