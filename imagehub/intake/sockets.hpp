#pragma once

#include <string>
#include <vector>
#include <zmq.hpp>

/// The sockets of the intake, with what bounds them: size of a frame, messages and replies that libzmq holds per peer,
/// probes for peers whose cable was cut. Bound to the thread that uses them.
namespace imagehub {

/// Whole messages that libzmq may hold for one peer.
inline constexpr int kReceiveWatermark = 4;

/// For REQ senders and nodes; not bound yet.
zmq::socket_t make_router(zmq::context_t& context, int max_message_mb);

/// Binds to all; returns the addresses with the real port in place of * or 0. Throws std::runtime_error with address,
/// cause and remedy.
std::vector<std::string> bind_all(zmq::socket_t& router, const std::vector<std::string>& addresses);

/// A socket per publisher. Throws std::runtime_error.
std::vector<zmq::socket_t> subscribe_to(zmq::context_t& context, const std::vector<std::string>& addresses,
                                        int max_message_mb);

}  // namespace imagehub
