#include "imagehub/intake/request.hpp"

#include <memory>

namespace imagehub {
namespace {

/// Routing id, a few proxies, the empty frame and two frames of content: nobody honest sends more.
constexpr std::size_t kMaxFrames = 16;

}  // namespace

std::uint64_t RawMessage::envelope_bytes() const {
  std::uint64_t sum = 0;
  for (const zmq::message_t& frame : envelope) sum += frame.size();
  return sum;
}

std::optional<RawMessage> receive(zmq::socket_t& socket, bool has_envelope) {
  RawMessage raw;
  bool in_envelope = has_envelope;
  zmq::message_t frame;
  if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
  for (;;) {
    raw.bytes += frame.size();
    ++raw.frames;
    const bool more = frame.more();
    if (raw.envelope.size() + raw.body.size() >= kMaxFrames) {
      raw.too_many_frames = true;
    } else if (in_envelope) {
      // The routing id itself is never empty.
      if (frame.size() == 0) in_envelope = false;
      raw.envelope.push_back(std::move(frame));
    } else {
      raw.body.push_back(std::move(frame));
    }
    if (!more) return raw;
    frame = zmq::message_t();
    (void)socket.recv(frame);
  }
}

std::string peer_of(zmq::message_t& frame) {
  // Not every transport and protocol version knows it.
  const char* address = zmq_msg_gets(frame.handle(), "Peer-Address");
  return address == nullptr ? "?" : address;
}

common::Payload to_payload(zmq::message_t frame) {
  auto owner = std::make_shared<zmq::message_t>(std::move(frame));
  const common::ByteView view(owner->data<std::uint8_t>(), owner->size());
  return {view, std::move(owner)};
}

}  // namespace imagehub
