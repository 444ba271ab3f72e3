#include "imagehub/intake/replies.hpp"

#include <cerrno>

namespace imagehub {

using common::Reply;

void Replies::send_ok(const Request& request) {
  if (request.seq) {
    send(request.envelope, {Reply::Kind::ok, *request.seq, ""});
  } else if (request.has_boot) {
    send(request.envelope, {Reply::Kind::hub, 0, hub_name_});
  } else {
    send(request.envelope, {Reply::Kind::foreign, 0, ""});
  }
}

void Replies::send_command(const Request& request, const std::optional<common::CommandRecord>& command) {
  if (command) send(request.envelope, {Reply::Kind::command, command->id, command->text});
}

void Replies::send(const std::vector<zmq::message_t>& envelope, const Reply& reply) {
  try {
    for (const zmq::message_t& frame : envelope) {
      const auto sent = router_.send(zmq::const_buffer(frame.data(), frame.size()),
                                     zmq::send_flags::sndmore | zmq::send_flags::dontwait);
      if (!sent) {
        counters_.add("replies not read");
        return;
      }
    }
    router_.send(zmq::buffer(common::format_reply(reply)), zmq::send_flags::dontwait);
    ++answered_;
  } catch (const zmq::error_t& error) {
    counters_.add(error.num() == EHOSTUNREACH ? "peers vanished" : "replies failed");
  }
}

}  // namespace imagehub
