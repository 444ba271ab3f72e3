#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/thread.hpp"

namespace imagenode {

/// Finds hubs that announce themselves by mDNS (`_imagehub._tcp`) with the same network name as ours, and follows them
/// as they come, change and go. IPv4. Works on a thread of its own ("finder"); addresses() is thread-safe.
class HubFinder {
 public:
  /// `changed` is called from the finder's thread when addresses() may give another answer.
  HubFinder(const std::string& network, std::function<void()> changed);
  ~HubFinder();
  HubFinder(const HubFinder&) = delete;
  HubFinder& operator=(const HubFinder&) = delete;

  void start(common::Liveness& liveness);
  /// Ends the thread: `changed` is not called any more.
  void stop();

  /// In a stable order: by name. Keeps the last ones while none is announced, or Avahi is away.
  std::vector<std::string> addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagenode
