#pragma once

#include <cstdint>
#include <map>
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
  /// Reads connects and disconnects.
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

  std::uint64_t connections() const { return delivered_.size(); }

 private:
  std::uint64_t limit_bytes_;
  std::uint64_t watermark_;
  zmq::socket_t monitor_;
  std::uint64_t fruitless_ = 0;
  std::map<int, std::uint64_t> delivered_;  ///< bytes taken out of the socket, by descriptor; never too few
};

}  // namespace imagehub
