#include "imagenode/link/hub_link.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::DeliveryClass;
using common::Reply;
using common::to_ns;

constexpr std::int64_t kFirstHold = common::kSecond;
constexpr std::int64_t kLongestHold = 60 * common::kSecond;
/// A message that stays unanswered this often while others pass is set aside.
constexpr int kMaxFailures = 5;

}  // namespace

HubLink::HubLink(const LinkSettings& settings, Sender sender, Outbox& outbox, const common::Clock& clock,
                 Ledger* ledger, HubAddresses addresses)
    : settings_(settings),
      sender_(std::move(sender)),
      outbox_(outbox),
      clock_(clock),
      ledger_(ledger),
      search_(settings, sender_, clock, wake_, std::move(addresses),
              [this](const std::string& address) {
                const std::lock_guard lock(mutex_);
                status_.address = address;
              }),
      bandwidth_(settings.bandwidth_kbit) {}

HubLink::~HubLink() {
  stop();
}

void HubLink::stop(std::int64_t for_answers_ns) {
  answers_until_ns_ = clock_.monotonic_ns() + for_answers_ns;
  thread_.request_stop();
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void HubLink::start(common::Liveness& liveness) {
  outbox_.hub_answers(false, clock_.monotonic_ns());
  thread_ =
      common::start_thread(liveness, "link", [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

LinkStatus HubLink::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void HubLink::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  while (auto greeting = search_.find(stop, self)) {
    End end = End::to_first;
    while (end == End::to_first) {
      end = use(*greeting, stop, self);
      disconnect(end);
      if (end == End::to_first) greeting = search_.take_first();
    }
    if (end == End::unfit) search_.unfit();
    if (end != End::stopped && end != End::unfit) search_.lost(end == End::moved_on);
  }
}

HubLink::End HubLink::use(Greeting& greeting, const std::stop_token& stop, common::Liveness::Thread& self) {
  try {
    if (sender_.demo && !common::shows_live(greeting.reply())) return refuse(greeting);
    welcome(greeting);
    return serve(stop, self);
  } catch (const std::exception& error) {
    common::log::error(error.what());
    return End::broken;
  }
}

/// It would store what a demo sends.
HubLink::End HubLink::refuse(const Greeting& greeting) {
  if (!std::exchange(told_unfit_, true)) {
    common::log::error(cat("--demo sends nothing to ", greeting.address(),
                           ": that hub does not say that it leaves a demo unstored, so it is another program than ",
                           "imagehub or an older one; name a newer imagehub in hub_address"));
  }
  return End::unfit;
}

void HubLink::welcome(Greeting& greeting) {
  const Reply& reply = greeting.reply();
  connection_ = greeting.take_connection();
  ours_ = reply.kind == Reply::Kind::hub;
  hub_id_ = common::hub_id_of(reply);
  told_unfit_ = false;
  broken_ = false;
  holds_ = {};
  late_share_.reset();
  outbox_.hub_answers(true, clock_.monotonic_ns());
  outbox_.hub_shows(common::shows_live(reply));
  common::log::info(cat("connected to ", greeting.address(), ", ",
                        ours_ ? reply.text : "a hub that acknowledges one message at a time"));
  const std::lock_guard lock(mutex_);
  status_.connected = true;
  status_.hub = ours_ ? reply.text : "";
  ++status_.connections;
}

HubLink::End HubLink::serve(const std::stop_token& stop, common::Liveness::Thread& self) {
  last_heard_ns_ = clock_.monotonic_ns();
  next_keep_alive_ns_ = last_heard_ns_ + kKeepAliveInterval;
  search_.first().restart(last_heard_ns_);
  park_suspect();
  for (;;) {
    const std::int64_t now = clock_.monotonic_ns();
    if (stop.stop_requested() && !waits_for_answers(now)) return End::stopped;
    const bool stays = handle_replies(now);
    if (ledger_ != nullptr) ledger_->sync();
    if (!stays) return End::moved_on;
    if (broken_ || connection_->broken()) return End::broken;
    if (!in_flight_.empty() && now >= deadline_ns()) return End::silent;
    if (ours_ && now >= next_keep_alive_ns_) send_keep_alive(now);
    const auto advice = search_.first().look(now, in_flight_.numbered() > 0);
    if (advice == ReturnProbe::Advice::leave) return End::to_first;
    if (advice == ReturnProbe::Advice::stay && !stop.stop_requested()) send_waiting(now);
    const common::Liveness::Waiting waiting(self);
    connection_->wait(wake_.fd(), wait_ns(now), search_.first().connection());
    wake_.clear();
  }
}

bool HubLink::waits_for_answers(std::int64_t now_ns) const {
  return in_flight_.numbered() > 0 && now_ns < answers_until_ns_;
}

void HubLink::disconnect(End end) {
  connection_.reset();
  outbox_.hub_shows(false);
  outbox_.hub_answers(false, end == End::silent ? last_heard_ns_ : clock_.monotonic_ns());
  if (end == End::silent || end == End::broken) {
    if (const auto oldest = in_flight_.oldest()) blame(*oldest);
  }
  while (const auto entry = in_flight_.take_oldest()) {
    if (entry->numbered()) outbox_.put_back(entry->identity);
  }
  if (suspect_.parked) outbox_.put_back(identity_of(*suspect_.parked));
  suspect_.parked.reset();
  const std::lock_guard lock(mutex_);
  status_.connected = false;
}

bool HubLink::handle_replies(std::int64_t now_ns) {
  while (const auto reply = connection_->receive()) {
    last_heard_ns_ = now_ns;
    if (!handle(*reply, now_ns)) return false;
  }
  return true;
}

bool HubLink::handle(const Reply& reply, std::int64_t now_ns) {
  switch (reply.kind) {
    case Reply::Kind::wait:
      return true;
    case Reply::Kind::command:
      if (ours_) take_command_(reply.seq, reply.text);
      return true;
    case Reply::Kind::hub:
      in_flight_.take(0);
      return true;
    case Reply::Kind::ok:
      if (const auto entry = in_flight_.take(reply.seq)) delivered(*entry, now_ns);
      return true;
    case Reply::Kind::retry:
      return retry(reply, now_ns);
    case Reply::Kind::reject:
      reject(reply);
      return true;
    case Reply::Kind::foreign:
      acknowledged_without_number(now_ns);
      return true;
  }
  return true;
}

/// Our hub leaves the number out only for what has none. Anything else must not take an image for delivered.
void HubLink::acknowledged_without_number(std::int64_t now_ns) {
  if (ours_) {
    in_flight_.take(0);
  } else if (const auto oldest = in_flight_.take_oldest(); oldest && oldest->numbered()) {
    delivered(*oldest, now_ns);
  }
}

void HubLink::delivered(const InFlight::Entry& entry, std::int64_t now_ns) {
  late_share_.acknowledged(entry.bytes, now_ns);
  const auto message = outbox_.delivered(entry.identity);
  if (message && ledger_ != nullptr) ledger_->acknowledged(*message, hub_id_);
  if (message && ours_ && entry.identity.boot == sender_.boot) report_.delivered(hub_id_, entry.identity.seq);
  holds_[index_of(entry.delivery_class)].times = 0;
  if (entry.identity == suspect_.identity) {
    suspect_ = {};
  } else if (suspect_.parked) {
    ++suspect_.others_passed;
  }
}

bool HubLink::retry(const Reply& reply, std::int64_t now_ns) {
  const auto entry = in_flight_.take(reply.seq);
  if (!entry) return true;
  outbox_.put_back(entry->identity);
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
  const auto entry = in_flight_.take(reply.seq);
  if (!entry) return;
  common::log::error(cat("the hub refused message ", reply.seq, " for ever: ", common::escaped(reply.text)));
  outbox_.set_aside(entry->identity, reply.text);
  if (entry->identity == suspect_.identity) suspect_ = {};
}

/// A message that was the oldest when several connections ended waits until others have passed: then it is the message,
/// not the hub. Only here may a message overtake another one of its class.
void HubLink::park_suspect() {
  if (suspect_.failures < kSuspectFailures || !ours_) return;
  for (const DeliveryClass delivery_class : kOrder) {
    suspect_.parked = outbox_.take(delivery_class, suspect_.identity);
    if (suspect_.parked) return;
  }
  suspect_ = {};
}

void HubLink::blame(const Identity& identity) {
  if (identity != suspect_.identity) suspect_ = {identity, 0, 0, nullptr};
  ++suspect_.failures;
  if (suspect_.failures < kMaxFailures || suspect_.others_passed == 0) return;
  common::log::error(cat("message ", identity.seq, " stayed unanswered ", suspect_.failures,
                         " times while others passed; it is set aside"));
  in_flight_.take(identity.seq);
  outbox_.set_aside(identity, "never answered");
  suspect_ = {};
}

/// Patience counts from the last reply, plus the time that the unanswered bytes need.
std::int64_t HubLink::deadline_ns() const {
  return last_heard_ns_ + to_ns(settings_.patience_s) + settings_.transfer_ns(in_flight_.bytes());
}

std::int64_t HubLink::wait_ns(std::int64_t now_ns) const {
  std::int64_t until = search_.first().next_ns();
  if (ours_) until = std::min(until, next_keep_alive_ns_);
  if (!in_flight_.empty()) until = std::min(until, deadline_ns());
  if (answers_until_ns_ > now_ns) until = std::min<std::int64_t>(until, answers_until_ns_);
  if (bandwidth_.next_ns() > now_ns) until = std::min(until, bandwidth_.next_ns());
  for (const Hold& hold : holds_) {
    if (hold.until_ns > now_ns) until = std::min(until, hold.until_ns);
  }
  return std::max<std::int64_t>(until - now_ns, 0);
}

}  // namespace imagenode
