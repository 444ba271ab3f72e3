#include "imagenode/link/hub_connection.hpp"

#include <sys/socket.h>

#include <climits>
#include <cstring>
#include <stdexcept>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "common/wire.hpp"

namespace imagenode {
namespace {

constexpr const char* kMonitorAddress = "inproc://connection-monitor";
constexpr std::int64_t kMaxReplyBytes = 64 * 1024;
/// libzmq is to connect once only. By default it connects again after a cut, within 100 ms, and sends what its pipe
/// holds. A link thread that was kept from running for so long would find nothing wrong, put the next messages behind
/// what was lost with the old connection, and only then send the lost ones again: out of order. Twelve days, and not -1
/// (never): with -1 libzmq does not tell that an attempt failed.
constexpr int kReconnectMs = INT_MAX / 2;
constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED;

using Owner = std::shared_ptr<const void>;

void release(void*, void* owner) {
  const std::unique_ptr<Owner> last(static_cast<Owner*>(owner));
}

/// Closing it throws away what was not sent. The kernel would go on trying for many minutes, and after an outage of the
/// network bring to the hub what has long gone to another hub or over another connection, behind newer messages.
void let_close_at_once(int fd) {
  const linger at_once{1, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/// Hands the payload's bytes to ZeroMQ without a copy; its network thread drops the reference when they are sent.
zmq::message_t without_copy(const common::Payload& payload) {
  if (payload.empty()) return {};
  auto owner = std::make_unique<Owner>(payload.owner());
  auto* bytes = const_cast<std::uint8_t*>(payload.view().data());
  return {bytes, payload.size(), release, owner.release()};
}

}  // namespace

struct HubConnection::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};
  zmq::socket_t monitor{context, zmq::socket_type::pair};
  State state = State::connecting;
};

HubConnection::HubConnection(const std::string& address) : impl_(std::make_unique<Impl>()) {
  zmq::socket_t& socket = impl_->socket;
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::maxmsgsize, kMaxReplyBytes);
  socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 60);
  impl_->monitor.set(zmq::sockopt::linger, 0);
  if (zmq_socket_monitor(socket.handle(), kMonitorAddress, kEvents) != 0) throw zmq::error_t();
  impl_->monitor.connect(kMonitorAddress);
  try {
    socket.connect(address);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error(common::cat("cannot connect to ", address, ": ", error.what(),
                                         "; hub_address takes addresses such as tcp://192.168.1.10:5555"));
  }
}

HubConnection::~HubConnection() = default;

std::optional<std::size_t> HubConnection::send(const common::Message& message, std::optional<std::int64_t> age_us) {
  const std::string metadata = common::encode_metadata(message, age_us);
  zmq::socket_t& socket = impl_->socket;
  const auto more = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
  if (!socket.send(zmq::message_t(), more)) return std::nullopt;
  if (!socket.send(zmq::buffer(metadata), more)) return std::nullopt;
  if (!socket.send(without_copy(message.payload), zmq::send_flags::dontwait)) return std::nullopt;
  return metadata.size() + message.payload.size();
}

std::optional<common::Reply> HubConnection::receive() {
  zmq::message_t frame;
  std::optional<std::string> text;
  do {
    if (!impl_->socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
    // The empty delimiter comes first; the last frame is the reply.
    if (!frame.more()) text = frame.to_string();
  } while (frame.more());
  return common::parse_reply(*text);
}

void HubConnection::wait(int wake_fd, std::int64_t timeout_ns, HubConnection* other) {
  std::vector<zmq::pollitem_t> items{{impl_->socket.handle(), 0, ZMQ_POLLIN, 0},
                                     {impl_->monitor.handle(), 0, ZMQ_POLLIN, 0},
                                     {nullptr, wake_fd, ZMQ_POLLIN, 0}};
  if (other != nullptr) {
    items.push_back({other->impl_->socket.handle(), 0, ZMQ_POLLIN, 0});
    items.push_back({other->impl_->monitor.handle(), 0, ZMQ_POLLIN, 0});
  }
  // Rounded up, so that the wait ends after the time and not just before it.
  const std::int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + common::kMillisecond - 1) / common::kMillisecond;
  // The plain call: an interruption (a process that was stopped and goes on) is no error here.
  (void)zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(ms));
}

HubConnection::State HubConnection::state() {
  State& state = impl_->state;
  zmq::message_t frame;
  while (impl_->monitor.recv(frame, zmq::recv_flags::dontwait)) {
    std::uint16_t event = 0;
    std::int32_t fd = -1;
    if (!frame.more() || frame.size() != sizeof event + sizeof fd) continue;  // the address of the event before
    std::memcpy(&event, frame.data(), sizeof event);
    std::memcpy(&fd, frame.data<char>() + sizeof event, sizeof fd);
    if (event == ZMQ_EVENT_CONNECTED) {
      let_close_at_once(fd);
      state = State::up;
    } else if (event == ZMQ_EVENT_DISCONNECTED) {
      state = State::broken;
    } else if (state == State::connecting) {
      state = State::refused;  // a timer for the next attempt was set
    }
  }
  return state;
}

}  // namespace imagenode
