#include "imagehub/intake/sockets.hpp"

#include <cstdint>
#include <stdexcept>

#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kMegabyte = 1024 * 1024;
/// Replies that a peer may leave unread.
constexpr int kReplyWatermark = 200;
/// The kernel's buffer for replies, which are short; by itself it would grow to megabytes for a peer that reads none.
constexpr int kReplyBufferBytes = 64 * 1024;
/// Connections that the kernel may hold until they are accepted: a farm that reconnects all at once.
constexpr int kBacklog = 1024;
constexpr int kLingerMs = 500;
/// Keep-alive probes: a peer whose cable was cut is gone after two minutes.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 20;
constexpr int kKeepAliveCount = 3;

void limit(zmq::socket_t& socket, int max_message_mb) {
  socket.set(zmq::sockopt::maxmsgsize, (max_message_mb + 1) * kMegabyte);
  socket.set(zmq::sockopt::rcvhwm, kReceiveWatermark);
  socket.set(zmq::sockopt::sndhwm, kReplyWatermark);
  socket.set(zmq::sockopt::sndbuf, kReplyBufferBytes);
  socket.set(zmq::sockopt::linger, kLingerMs);
  socket.set(zmq::sockopt::backlog, kBacklog);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, kKeepAliveIdleSeconds);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, kKeepAliveIntervalSeconds);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kKeepAliveCount);
}

}  // namespace

zmq::socket_t make_router(zmq::context_t& context, int max_message_mb) {
  zmq::socket_t router(context, zmq::socket_type::router);
  limit(router, max_message_mb);
  router.set(zmq::sockopt::router_mandatory, true);
  return router;
}

std::vector<std::string> bind_all(zmq::socket_t& router, const std::vector<std::string>& addresses) {
  std::vector<std::string> bound;
  for (const auto& address : addresses) {
    try {
      router.bind(address);
    } catch (const zmq::error_t& error) {
      throw std::runtime_error(cat("cannot listen on ", address, ": ", error.what(),
                                   "; is another hub running here? Set another hub.address, or stop that one"));
    }
    bound.push_back(router.get(zmq::sockopt::last_endpoint));
  }
  return bound;
}

std::vector<zmq::socket_t> subscribe_to(zmq::context_t& context, const std::vector<std::string>& addresses,
                                        int max_message_mb) {
  std::vector<zmq::socket_t> subscribers;
  for (const auto& address : addresses) {
    zmq::socket_t subscriber(context, zmq::socket_type::sub);
    limit(subscriber, max_message_mb);
    subscriber.set(zmq::sockopt::subscribe, "");
    try {
      subscriber.connect(address);
    } catch (const zmq::error_t& error) {
      throw std::runtime_error(cat("cannot subscribe to ", address, ": ", error.what(),
                                   "; hub.subscribe takes addresses such as tcp://192.168.1.20:5555"));
    }
    subscribers.push_back(std::move(subscriber));
  }
  return subscribers;
}

}  // namespace imagehub
