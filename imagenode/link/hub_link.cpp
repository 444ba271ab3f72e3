#include "imagenode/link/hub_link.hpp"

#include <poll.h>

#include <algorithm>

#include "common/crc32c.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "common/version.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::DeliveryClass;
using common::Reply;
using common::to_ns;

constexpr std::int64_t kKeepAliveInterval = 10 * common::kSecond;
constexpr std::int64_t kMaxPatience = 600 * common::kSecond;
constexpr std::int64_t kShortestAttempt = common::kSecond;
constexpr std::int64_t kFirstHold = common::kSecond;
constexpr std::int64_t kLongestHold = 60 * common::kSecond;
/// The slowest link that is waited for.
constexpr std::int64_t kSlowestBytesPerSecond = 32 * 1024;
/// A message that stays unanswered this often while others pass is set aside.
constexpr int kMaxFailures = 5;
/// From this failure on others are let pass first, to see whether it is the message or the hub.
constexpr int kSuspectFailures = 4;
/// Order of importance when the window is small or the link slow.
constexpr std::array kOrder{DeliveryClass::event, DeliveryClass::data, DeliveryClass::image};

}  // namespace

HubLink::HubLink(const LinkSettings& settings, const std::string& node, Outbox& outbox, const common::Clock& clock,
                 TinyPicture keep_alive_picture)
    : settings_(settings),
      node_(node),
      keep_alive_picture_(std::move(keep_alive_picture)),
      outbox_(outbox),
      clock_(clock),
      patience_ns_(to_ns(settings.patience_s)),
      bandwidth_(settings.bandwidth_kbit) {}

HubLink::~HubLink() {
  thread_.request_stop();
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void HubLink::start(common::Liveness& liveness) {
  thread_ =
      common::start_thread(liveness, "link", [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

LinkStatus HubLink::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void HubLink::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  while (!stop.stop_requested()) {
    const std::int64_t started_ns = clock_.monotonic_ns();
    {
      const std::lock_guard lock(mutex_);
      status_.address = settings_.addresses[address_];
    }
    End end = End::silent;
    try {
      connection_ = std::make_unique<HubConnection>(settings_.addresses[address_]);
      if (greet(stop, self)) end = serve(stop, self);
    } catch (const std::exception& error) {
      common::log::error(error.what());
    }
    disconnect(stop.stop_requested() ? End::stopped : end);
    // A hub that shuts down is left at once, but when all of them do there must be a pause.
    moves_in_a_row_ = end == End::moved_on ? moves_in_a_row_ + 1 : 0;
    if (moves_in_a_row_ == 0 || moves_in_a_row_ % settings_.addresses.size() == 0) {
      pause_until(started_ns + kShortestAttempt, stop, self);
    }
  }
}

/// Keeps a peer that breaks off at once from being called without a pause.
void HubLink::pause_until(std::int64_t until_ns, const std::stop_token& stop, common::Liveness::Thread& self) {
  const common::Liveness::Waiting waiting(self);
  for (std::int64_t left = 1; left > 0 && !stop.stop_requested();) {
    left = until_ns - clock_.monotonic_ns();
    pollfd wake{wake_.fd(), POLLIN, 0};
    if (left > 0) ::poll(&wake, 1, static_cast<int>(left / common::kMillisecond + 1));
    wake_.clear();
  }
}

/// The keep-alive goes alone: its reply tells what kind of hub this is.
bool HubLink::greet(const std::stop_token& stop, common::Liveness::Thread& self) {
  ours_ = false;
  broken_ = false;
  holds_ = {};
  last_heard_ns_ = clock_.monotonic_ns();
  send_keep_alive(last_heard_ns_);
  while (!stop.stop_requested()) {
    const std::int64_t now = clock_.monotonic_ns();
    if (now >= deadline_ns()) return false;
    if (connection_->broken()) return false;
    const auto reply = connection_->receive();
    if (reply && reply->kind != Reply::Kind::wait) {
      ours_ = reply->kind == Reply::Kind::hub;
      in_flight_.take_oldest();
      patience_ns_ = to_ns(settings_.patience_s);
      told_absent_ = false;
      common::log::info(cat("connected to ", settings_.addresses[address_], ", ",
                            ours_ ? reply->text : "a hub that acknowledges one message at a time"));
      const std::lock_guard lock(mutex_);
      status_.connected = true;
      status_.hub = ours_ ? reply->text : "";
      ++status_.connections;
      return true;
    }
    const common::Liveness::Waiting waiting(self);
    connection_->wait(wake_.fd(), deadline_ns() - now);
    wake_.clear();
  }
  return false;
}

HubLink::End HubLink::serve(const std::stop_token& stop, common::Liveness::Thread& self) {
  next_keep_alive_ns_ = clock_.monotonic_ns() + kKeepAliveInterval;
  park_suspect();
  while (!stop.stop_requested()) {
    const std::int64_t now = clock_.monotonic_ns();
    while (const auto reply = connection_->receive()) {
      last_heard_ns_ = now;
      if (!handle(*reply, now)) return End::moved_on;
    }
    if (broken_ || connection_->broken()) return End::broken;
    if (!in_flight_.empty() && now >= deadline_ns()) return End::silent;
    if (ours_ && now >= next_keep_alive_ns_) send_keep_alive(now);
    send_waiting(now);
    const common::Liveness::Waiting waiting(self);
    connection_->wait(wake_.fd(), wait_ns(now));
    wake_.clear();
  }
  return End::stopped;
}

void HubLink::disconnect(End end) {
  const bool was_connected = status().connected;
  connection_.reset();
  if (was_connected && end != End::stopped) {
    if (const auto oldest = in_flight_.oldest_seq(); oldest && end != End::moved_on) blame(*oldest);
  }
  while (const auto entry = in_flight_.take_oldest()) {
    if (entry->seq != 0) outbox_.put_back(entry->seq);
  }
  if (suspect_.parked) outbox_.put_back(*suspect_.parked->seq);
  suspect_.parked.reset();
  {
    const std::lock_guard lock(mutex_);
    status_.connected = false;
  }
  if (end == End::stopped) return;
  // A hub that answered and then broke off is tried again first by its turn; one that never answered costs patience.
  if (!was_connected) patience_ns_ = std::min(patience_ns_ * 2, kMaxPatience);
  if (!told_absent_) {
    common::log::warn(cat("hub ", settings_.addresses[address_],
                          was_connected ? " broke off or is silent" : " does not answer",
                          "; messages are kept and sent again"));
    told_absent_ = !was_connected;
  }
  address_ = (address_ + 1) % settings_.addresses.size();
}

void HubLink::send_waiting(std::int64_t now_ns) {
  while (!broken_ && now_ns >= bandwidth_.next_ns() && send_next(now_ns)) {
  }
}

bool HubLink::send_next(std::int64_t now_ns) {
  const auto message = next_message(now_ns);
  if (!message) return false;
  send(message, now_ns);
  return true;
}

/// Tuning pictures may come faster than the link takes them, so they and what is stored have turns.
common::MessagePtr HubLink::next_message(std::int64_t now_ns) {
  if (!ours_ && !in_flight_.empty()) return nullptr;  // a foreign hub takes one at a time
  common::MessagePtr message = unstored_has_turn_ ? next_unstored() : next_stored(now_ns);
  if (!message) message = unstored_has_turn_ ? next_stored(now_ns) : next_unstored();
  if (message) unstored_has_turn_ = message->seq.has_value();
  return message;
}

/// One at a time, beside the window.
common::MessagePtr HubLink::next_unstored() {
  return in_flight_.unnumbered() == 0 ? outbox_.take_unstored() : nullptr;
}

common::MessagePtr HubLink::next_stored(std::int64_t now_ns) {
  if (suspect_.parked && suspect_.others_passed >= suspect_.failures - kSuspectFailures + 1 && in_flight_.empty()) {
    return std::exchange(suspect_.parked, nullptr);
  }
  for (const DeliveryClass delivery_class : kOrder) {
    const Hold& hold = holds_[index_of(delivery_class)];
    if (now_ns < hold.until_ns || (hold.until_ns > 0 && in_flight_.has(delivery_class))) continue;
    const auto bytes = outbox_.next_size(delivery_class);
    if (!bytes) continue;
    if (delivery_class == DeliveryClass::data && !ours_) {
      if (!warned_foreign_) common::log::warn("this hub cannot store data; it is kept for a hub that can");
      warned_foreign_ = true;
      continue;
    }
    if (!has_room(*bytes)) return nullptr;
    holds_[index_of(delivery_class)].until_ns = 0;
    return outbox_.take(delivery_class);
  }
  return nullptr;
}

bool HubLink::has_room(std::size_t bytes) const {
  if (in_flight_.numbered() == 0) return true;
  const auto limit = static_cast<std::uint64_t>(settings_.window_mb) * 1024 * 1024;
  return in_flight_.numbered() < static_cast<std::size_t>(settings_.window) && in_flight_.bytes() + bytes <= limit;
}

void HubLink::send(const common::MessagePtr& message, std::int64_t now_ns) {
  // Never negative: `now_ns` may be older than what was captured since the loop looked at the clock.
  const std::int64_t age_ns = std::max<std::int64_t>(clock_.monotonic_ns() - message->monotonic_ns, 0);
  if (in_flight_.empty()) last_heard_ns_ = now_ns;
  const auto delivery_class = common::delivery_class(common::kind_of(message->text, true));
  in_flight_.add({message->seq.value_or(0), delivery_class, message->payload.size()});
  const std::int64_t age_us = age_ns / common::kMicrosecond;
  std::optional<std::size_t> sent;
  if (message->clock_synchronised || !clock_.synchronised()) {
    sent = connection_->send(*message, age_us);
  } else {
    // The clock was set since: now the time of capture is known.
    common::Message corrected = *message;
    corrected.time_ns = clock_.utc_ns() - age_ns;
    corrected.clock_synchronised = true;
    sent = connection_->send(corrected, age_us);
  }
  broken_ = !sent;
  bandwidth_.sent(sent.value_or(0), now_ns);
}

void HubLink::send_keep_alive(std::int64_t now_ns) {
  auto message = std::make_shared<common::Message>();
  message->text = node_ + "|Heartbeat";
  message->node = node_;
  message->boot = outbox_.boot();
  message->monotonic_ns = now_ns;
  message->version = cat("imagenode/", common::version());
  message->payload = keep_alive_picture_.payload;
  message->array = keep_alive_picture_.array;
  message->crc = common::crc32c(message->payload.view());
  next_keep_alive_ns_ = now_ns + kKeepAliveInterval;
  send(message, now_ns);
}

bool HubLink::handle(const Reply& reply, std::int64_t now_ns) {
  switch (reply.kind) {
    case Reply::Kind::wait:
    case Reply::Kind::command:
      return true;
    case Reply::Kind::hub:
      in_flight_.take(0);
      return true;
    case Reply::Kind::ok:
      if (const auto entry = in_flight_.take(reply.seq)) delivered(*entry);
      return true;
    case Reply::Kind::retry:
      return retry(reply, now_ns);
    case Reply::Kind::reject:
      reject(reply);
      return true;
    case Reply::Kind::foreign:
      acknowledged_without_number();
      return true;
  }
  return true;
}

/// Our hub leaves the number out only for what has none. Anything else must not take an image for delivered: neither
/// when another hub took the place of ours, nor when a connection broke and was made anew behind our back.
void HubLink::acknowledged_without_number() {
  if (ours_) {
    in_flight_.take(0);
  } else if (connection_->broken()) {
    broken_ = true;
  } else if (const auto oldest = in_flight_.take_oldest(); oldest && oldest->seq != 0) {
    delivered(*oldest);
  }
}

void HubLink::delivered(const InFlight::Entry& entry) {
  outbox_.delivered(entry.seq);
  holds_[index_of(entry.delivery_class)].times = 0;
  if (entry.seq == suspect_.seq) {
    suspect_ = {};
  } else if (suspect_.parked) {
    ++suspect_.others_passed;
  }
}

bool HubLink::retry(const Reply& reply, std::int64_t now_ns) {
  const auto entry = in_flight_.take(reply.seq);
  if (!entry) return true;
  outbox_.put_back(reply.seq);
  if (reply.text == "shutting down") return false;
  Hold& hold = holds_[index_of(entry->delivery_class)];
  if (hold.until_ns <= now_ns) {
    if (hold.times == 0) {
      common::log::warn(
          cat("the hub cannot store now: ", common::escaped(reply.text), "; messages are kept and sent again"));
    }
    hold.until_ns = now_ns + std::min(kFirstHold << std::min(hold.times, 6), kLongestHold);
    ++hold.times;
  }
  return true;
}

void HubLink::reject(const Reply& reply) {
  if (!in_flight_.take(reply.seq)) return;
  common::log::error(cat("the hub refused message ", reply.seq, " for ever: ", common::escaped(reply.text)));
  outbox_.set_aside(reply.seq);
  if (reply.seq == suspect_.seq) suspect_ = {};
}

/// A message that was the oldest when several connections ended waits until others have passed: then it is the message,
/// not the hub. Only here may a message overtake another one of its class.
void HubLink::park_suspect() {
  if (suspect_.failures < kSuspectFailures || !ours_) return;
  for (const DeliveryClass delivery_class : kOrder) {
    suspect_.parked = outbox_.take_seq(delivery_class, suspect_.seq);
    if (suspect_.parked) return;
  }
  suspect_ = {};
}

void HubLink::blame(std::uint64_t seq) {
  if (seq != suspect_.seq) suspect_ = {seq, 0, 0, nullptr};
  ++suspect_.failures;
  if (suspect_.failures < kMaxFailures || suspect_.others_passed == 0) return;
  common::log::error(
      cat("message ", seq, " stayed unanswered ", suspect_.failures, " times while others passed; it is set aside"));
  in_flight_.take(seq);
  outbox_.set_aside(seq);
  suspect_ = {};
}

/// Patience counts from the last reply, plus the time that the unanswered bytes need on a slow link.
std::int64_t HubLink::deadline_ns() const {
  std::int64_t bytes_per_second = kSlowestBytesPerSecond;
  if (settings_.bandwidth_kbit)
    bytes_per_second = std::min<std::int64_t>(bytes_per_second, *settings_.bandwidth_kbit * 125);
  const auto transfer_ns = static_cast<std::int64_t>(in_flight_.bytes()) * common::kSecond / bytes_per_second;
  return last_heard_ns_ + patience_ns_ + transfer_ns;
}

std::int64_t HubLink::wait_ns(std::int64_t now_ns) const {
  std::int64_t until = ours_ ? next_keep_alive_ns_ : INT64_MAX;
  if (!in_flight_.empty()) until = std::min(until, deadline_ns());
  if (bandwidth_.next_ns() > now_ns) until = std::min(until, bandwidth_.next_ns());
  for (const Hold& hold : holds_) {
    if (hold.until_ns > now_ns) until = std::min(until, hold.until_ns);
  }
  return until == INT64_MAX ? -1 : std::max<std::int64_t>(until - now_ns, 0);
}

}  // namespace imagenode
