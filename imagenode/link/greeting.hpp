#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "imagenode/link/hub_connection.hpp"

namespace imagenode {

/// A connection on which a keep-alive went out, alone: its reply tells whether there is a hub, and of what kind. Until
/// the deadline it is tried again while nobody is there. Bound to the link's thread.
class Greeting {
 public:
  enum class State { waiting, answered, failed };

  /// Sends the keep-alive. Throws std::runtime_error when the address is not one that ZeroMQ knows.
  Greeting(const std::string& address, const common::Message& keep_alive, std::int64_t deadline_ns);

  State look(std::int64_t now_ns);

  const std::string& address() const { return address_; }
  std::int64_t deadline_ns() const { return deadline_ns_; }
  /// When to look again at the latest, without news of the connection.
  std::int64_t next_ns() const { return try_again_ns_ == 0 ? deadline_ns_ : std::min(deadline_ns_, try_again_ns_); }
  HubConnection& connection() { return *connection_; }

  /// Once answered.
  const common::Reply& reply() const { return reply_; }
  std::unique_ptr<HubConnection> take_connection() { return std::move(connection_); }

 private:
  void connect();

  const std::string address_;
  const common::Message keep_alive_;
  const std::int64_t deadline_ns_;
  std::unique_ptr<HubConnection> connection_;
  std::int64_t back_off_ns_;
  std::int64_t try_again_ns_ = 0;  ///< while nobody is there
  bool answered_ = false;
  common::Reply reply_;
};

}  // namespace imagenode
