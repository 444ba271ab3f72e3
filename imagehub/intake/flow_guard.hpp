#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <zmq.hpp>

namespace imagehub {

/// Cuts TCP connections that send one message without end. libzmq bounds each frame, but hands on a message only when
/// it is whole and holds any number of its frames until then; so this compares what the kernel received on a connection
/// (TCP_INFO) with what came out of the socket. Bound to the thread of the socket. Connections that are not TCP (ipc:
/// our own machine) are not watched.
class FlowGuard {
 public:
  /// `limit_bytes`: the most that a connection may have sent of a message that is not whole.
  /// `watermark`: the number of whole messages that the socket may hold for a connection.
  FlowGuard(zmq::context_t& context, zmq::socket_t& socket, std::uint64_t limit_bytes, int watermark);

  /// To be polled together with the socket.
  zmq::socket_t& monitor() { return monitor_; }
  /// Reads connects and disconnects. When a message has come out of the socket, that of its connection is there.
  void handle_events();

  /// A message of so many bytes in so many frames was taken out of the socket; `wire_frame` is one that its sender
  /// sent.
  void delivered(zmq::message_t& wire_frame, std::uint64_t bytes, std::size_t frames);

  /// Cuts what is over the limit; returns how many connections. `drained`: all whole messages have been taken out of
  /// the socket; otherwise as many as it may hold are allowed for.
  int check(bool drained);

  /// Connections since the last call that ended before one whole message came: a message far over the bound (libzmq
  /// cuts it off by its announced size), or something that does not speak ZeroMQ.
  std::uint64_t take_fruitless() { return std::exchange(fruitless_, 0); }

  std::uint64_t connections() const { return open_.size(); }

  /// The connection on which a frame came, by a number that is never given to another one; nothing when the transport
  /// has none (inproc). handle_events() first. Of a connection that has ended: 0, or the number of a later one.
  std::optional<std::uint64_t> connection_of(zmq::message_t& wire_frame) const;
  /// Connections that are open, by number.
  std::set<std::uint64_t> open_connections() const;

 private:
  std::uint64_t limit_bytes_;
  std::uint64_t watermark_;
  zmq::socket_t monitor_;
  std::uint64_t fruitless_ = 0;
  struct Connection {
    std::uint64_t number = 0;
    std::uint64_t delivered = 0;  ///< bytes taken out of the socket; never too few
  };
  std::map<int, Connection> open_;  ///< by descriptor
  std::uint64_t last_number_ = 0;
};

}  // namespace imagehub
