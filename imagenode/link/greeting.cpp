#include "imagenode/link/greeting.hpp"

namespace imagenode {

Greeting::Greeting(const std::string& address, const common::Message& keep_alive, std::int64_t deadline_ns)
    : address_(address), deadline_ns_(deadline_ns), connection_(std::make_unique<HubConnection>(address)) {
  connection_->send(keep_alive, 0);
}

Greeting::State Greeting::look(std::int64_t now_ns) {
  if (connection_->broken()) return State::failed;
  if (answered_) return State::answered;
  if (now_ns >= deadline_ns_) return State::failed;
  while (const auto reply = connection_->receive()) {
    if (reply->kind == common::Reply::Kind::wait) continue;
    reply_ = *reply;
    answered_ = true;
    return State::answered;
  }
  return State::waiting;
}

}  // namespace imagenode
