#include "imagehub/intake/flow_guard.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace imagehub {
namespace {

constexpr const char* kMonitorAddress = "inproc://intake-monitor";

/// What the kernel may hold.
constexpr std::uint64_t kSlackBytes = 8 * 1024 * 1024;
/// The most that ZMTP puts before a frame.
constexpr std::size_t kFrameHeaderBytes = 9;

std::uint64_t bytes_received(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

}  // namespace

FlowGuard::FlowGuard(zmq::context_t& context, zmq::socket_t& socket, std::uint64_t limit_bytes, int watermark)
    : limit_bytes_(limit_bytes + kSlackBytes),
      watermark_(static_cast<std::uint64_t>(watermark)),
      monitor_(context, zmq::socket_type::pair) {
  if (zmq_socket_monitor(socket.handle(), kMonitorAddress,
                         ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED) != 0) {
    throw zmq::error_t();
  }
  monitor_.set(zmq::sockopt::linger, 0);
  monitor_.connect(kMonitorAddress);
}

void FlowGuard::handle_events() {
  zmq::message_t event;
  while (monitor_.recv(event, zmq::recv_flags::dontwait)) {
    if (event.more()) {
      zmq::message_t address;
      (void)monitor_.recv(address);
    }
    if (event.size() < 6) continue;
    std::uint16_t kind = 0;
    std::int32_t fd = 0;
    std::memcpy(&kind, event.data(), sizeof kind);
    std::memcpy(&fd, static_cast<const char*>(event.data()) + sizeof kind, sizeof fd);
    if (kind == ZMQ_EVENT_ACCEPTED) {
      open_[fd] = {++last_number_, 0};
    } else if (const auto at = open_.find(fd); at != open_.end()) {
      if (at->second.delivered == 0) ++fruitless_;
      open_.erase(at);
    }
  }
}

void FlowGuard::delivered(zmq::message_t& wire_frame, std::uint64_t bytes, std::size_t frames) {
  const int fd = zmq_msg_get(wire_frame.handle(), ZMQ_SRCFD);
  if (const auto at = open_.find(fd); at != open_.end()) at->second.delivered += bytes + frames * kFrameHeaderBytes;
}

std::optional<std::uint64_t> FlowGuard::connection_of(zmq::message_t& wire_frame) const {
  const int fd = zmq_msg_get(wire_frame.handle(), ZMQ_SRCFD);
  if (fd < 0) return std::nullopt;
  const auto at = open_.find(fd);
  return at == open_.end() ? 0 : at->second.number;
}

std::set<std::uint64_t> FlowGuard::open_connections() const {
  std::set<std::uint64_t> numbers;
  for (const auto& [fd, connection] : open_) numbers.insert(connection.number);
  return numbers;
}

int FlowGuard::check(bool drained) {
  const std::uint64_t allowed = limit_bytes_ * (drained ? 1 : 1 + watermark_);
  int cut = 0;
  for (auto& [fd, connection] : open_) {
    const std::uint64_t received = bytes_received(fd);
    // Headers are counted at their largest; without this cut the surplus would grow with the age of the connection.
    connection.delivered = std::min(connection.delivered, received);
    if (received - connection.delivered <= allowed) continue;
    ::shutdown(fd, SHUT_RDWR);
    ++cut;
  }
  return cut;
}

}  // namespace imagehub
