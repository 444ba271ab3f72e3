#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/thread.hpp"

namespace imagehub {

/// What nodes are told with an announcement.
struct Announced {
  std::string network;  ///< only nodes with the same one come; empty: those without one
  std::string hub_id;
  std::string version;
};

/// Lets nodes find this hub: announces its tcp addresses by mDNS (`_imagehub._tcp`) through the Avahi daemon, and again
/// when that was away. Addresses of this computer alone are left out. Works on a thread of its own ("announce").
class Announcement {
 public:
  /// `addresses` as they were really bound.
  Announcement(const Announced& announced, const std::vector<std::string>& addresses);
  ~Announcement();
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

  /// Does nothing when no address can be reached from elsewhere.
  void start(common::Liveness& liveness);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
