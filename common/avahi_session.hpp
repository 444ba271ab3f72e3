#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/thread.hpp"

struct AvahiClient;

namespace common {

/// A lasting connection to the Avahi daemon of this computer, which does mDNS for all programs on it. It is made anew,
/// after 1 s doubling to 60 s, whenever the daemon or the D-Bus goes, and waits for a daemon that is not there yet.
/// All functions of the user are called on the session's own thread, in which libavahi works; it sleeps while there is
/// nothing to do.
class AvahiSession {
 public:
  struct User {
    /// The daemon is there: make what is needed with its client.
    std::function<void(AvahiClient*)> on_running;
    /// It is gone or changes the name of this computer: free all that was made. on_running follows.
    std::function<void()> on_away;
    /// No daemon can be reached, and why; once until it was there again.
    std::function<void(const std::string& why)> on_absent;
  };

  explicit AvahiSession(User user);
  ~AvahiSession();
  AvahiSession(const AvahiSession&) = delete;
  AvahiSession& operator=(const AvahiSession&) = delete;

  void start(Liveness& liveness, const std::string& thread_name);

  /// Frees the connection and ends the thread; on_away comes before.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::jthread thread_;
};

}  // namespace common
