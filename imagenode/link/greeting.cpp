#include "imagenode/link/greeting.hpp"

#include "common/clock.hpp"

namespace imagenode {

namespace {

constexpr std::int64_t kFirstBackOff = 100 * common::kMillisecond;
constexpr std::int64_t kLongestBackOff = 2 * common::kSecond;

}  // namespace

Greeting::Greeting(const std::string& address, const common::Message& keep_alive, std::int64_t deadline_ns)
    : address_(address), keep_alive_(keep_alive), deadline_ns_(deadline_ns), back_off_ns_(kFirstBackOff) {
  connect();
}

void Greeting::connect() {
  connection_ = std::make_unique<HubConnection>(address_);
  connection_->send(keep_alive_, 0);
  try_again_ns_ = 0;
}

Greeting::State Greeting::look(std::int64_t now_ns) {
  const auto state = connection_->state();
  if (state == HubConnection::State::broken) return State::failed;
  if (answered_) return State::answered;
  if (now_ns >= deadline_ns_) return State::failed;
  if (state == HubConnection::State::refused) {
    if (try_again_ns_ == 0) {
      try_again_ns_ = now_ns + back_off_ns_;
      back_off_ns_ = std::min(back_off_ns_ * 2, kLongestBackOff);
    } else if (now_ns >= try_again_ns_) {
      connect();
    }
    return State::waiting;
  }
  while (const auto reply = connection_->receive()) {
    if (reply->kind == common::Reply::Kind::wait) continue;
    reply_ = *reply;
    answered_ = true;
    return State::answered;
  }
  return State::waiting;
}

}  // namespace imagenode
