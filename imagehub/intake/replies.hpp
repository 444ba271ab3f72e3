#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/command_record.hpp"
#include "common/reply.hpp"
#include "imagehub/intake/open_requests.hpp"
#include "imagehub/live/counters.hpp"

namespace imagehub {

/// Sends replies and never waits for who does not read them; counts what becomes of them. Bound to the thread of the
/// socket, but for answered().
class Replies {
 public:
  Replies(zmq::socket_t& router, std::string hub_name, Counters& counters)
      : router_(router), hub_name_(std::move(hub_name)), counters_(counters) {}

  void send(const std::vector<zmq::message_t>& envelope, const common::Reply& reply);
  /// OK in the form that the sender understands: with its number, with our name, or alone.
  void send_ok(const Request& request);
  /// Beside the reply, if there is one. One at a time, so that there are never more of these than replies.
  void send_command(const Request& request, const std::optional<common::CommandRecord>& command);

  std::uint64_t answered() const { return answered_; }

 private:
  zmq::socket_t& router_;
  const std::string hub_name_;
  Counters& counters_;
  std::atomic<std::uint64_t> answered_{0};
};

}  // namespace imagehub
