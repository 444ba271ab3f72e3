#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/payload.hpp"

namespace imagehub {

/// One multipart message as it came out of a ROUTER or SUB socket.
struct RawMessage {
  std::vector<zmq::message_t> envelope;  ///< routing id and whatever stood before the empty frame; that one included
  std::vector<zmq::message_t> body;      ///< what came behind it
  std::uint64_t bytes = 0;               ///< of all frames
  std::size_t frames = 0;
  bool too_many_frames = false;

  /// What every reply to this message would repeat.
  std::uint64_t envelope_bytes() const;
};

/// Takes the next whole message; nothing when none is there. Frames beyond a small number are read and dropped.
std::optional<RawMessage> receive(zmq::socket_t& socket, bool has_envelope);

/// Address of the peer from which the frame came, or "?".
std::string peer_of(zmq::message_t& frame);

/// Shares the frame's bytes.
common::Payload to_payload(zmq::message_t frame);

}  // namespace imagehub
