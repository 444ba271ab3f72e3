// What the link sends next, and how.

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "imagenode/link/hub_link.hpp"

namespace imagenode {
namespace {

using common::DeliveryClass;

/// When both wait, every fourth message is of the backlog.
constexpr int kLiveInARow = 3;
/// Messages that are only shown, without an answer: enough for ten lines over a network of 50 ms there and back, and
/// little beside the window, so that a slow link is left to what is stored.
constexpr std::size_t kMaxShown = 32;
constexpr std::size_t kMaxShownBytes = 256 * 1024;  ///< or one

}  // namespace

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
  if (!message) return next_shown();
  unstored_has_turn_ = message->seq.has_value();
  return message;
}

/// Only what the others leave of the link.
common::MessagePtr HubLink::next_shown() {
  const bool room = in_flight_.shown() < kMaxShown && in_flight_.shown_bytes() < kMaxShownBytes;
  return room ? outbox_.take_shown() : nullptr;
}

/// One at a time, beside the window.
common::MessagePtr HubLink::next_unstored() {
  return in_flight_.unnumbered() == in_flight_.shown() ? outbox_.take_unstored() : nullptr;
}

/// New messages first, but a backlog always advances.
common::MessagePtr HubLink::next_stored(std::int64_t now_ns) {
  if (suspect_.parked && suspect_.others_passed >= suspect_.failures - kSuspectFailures + 1) {
    // To be blamed it has to be the oldest under way; under load that moment would never come by itself.
    if (in_flight_.numbered() > 0) return nullptr;
    return std::exchange(suspect_.parked, nullptr);
  }
  const bool late_has_turn = live_in_a_row_ >= kLiveInARow;
  for (const Lane lane : {late_has_turn ? Lane::late : Lane::live, late_has_turn ? Lane::live : Lane::late}) {
    const Choice choice = choose(lane, now_ns);
    if (choice.message) live_in_a_row_ = lane == Lane::live ? live_in_a_row_ + 1 : 0;
    // One that waits for room in the window must not be overtaken by smaller ones without end.
    if (choice.message || choice.waits_for_room) return choice.message;
  }
  return nullptr;
}

HubLink::Choice HubLink::choose(Lane lane, std::int64_t now_ns) {
  for (const DeliveryClass delivery_class : kOrder) {
    const Hold& hold = holds_[index_of(delivery_class)];
    if (now_ns < hold.until_ns || (hold.until_ns > 0 && in_flight_.has(delivery_class))) continue;
    const auto next = outbox_.next(delivery_class, lane);
    if (!next) continue;
    if (delivery_class == DeliveryClass::data && !ours_) {
      if (!warned_foreign_) common::log::warn("this hub cannot store data; it is kept for a hub that can");
      warned_foreign_ = true;
      continue;
    }
    // Replies name the number only, and starts of this node before this one have the same numbers.
    if (in_flight_.has(next->identity.seq)) continue;
    if (lane == Lane::late && !late_share_.allows(in_flight_.late_bytes(), next->bytes, now_ns)) continue;
    if (!has_room(next->bytes)) return {nullptr, true};
    // The spool's thread may have taken it away meanwhile; what is the next one then was not looked at.
    auto message = outbox_.take(delivery_class, next->identity);
    if (!message) continue;
    holds_[index_of(delivery_class)].until_ns = 0;
    return {std::move(message), false};
  }
  return {};
}

bool HubLink::has_room(std::size_t bytes) const {
  if (in_flight_.numbered() == 0) return true;
  const auto window = static_cast<std::uint64_t>(settings_.window_mb) * 1024 * 1024;
  const auto limit = std::min<std::uint64_t>(window, outbox_.max_under_way());
  return in_flight_.numbered() < static_cast<std::size_t>(settings_.window) && in_flight_.bytes() + bytes <= limit;
}

void HubLink::send(const common::MessagePtr& message, std::int64_t now_ns) {
  if (in_flight_.empty()) last_heard_ns_ = now_ns;
  const bool of_backlog = message->late || message->boot != sender_.boot;
  in_flight_.add(
      {identity_of(*message), class_of(*message), message->payload.size(), of_backlog, message->only_shown()});
  const bool age_known = message->monotonic_ns != 0;
  // Never negative: `now_ns` may be older than what was captured since the loop looked at the clock.
  const std::int64_t age_ns = std::max<std::int64_t>(clock_.monotonic_ns() - message->monotonic_ns, 0);
  const auto age_us = age_known ? std::optional(age_ns / common::kMicrosecond) : std::nullopt;
  std::optional<std::size_t> sent;
  if (message->clock_synchronised || !age_known || !clock_.synchronised()) {
    sent = connection_->send(*message, age_us);
  } else {
    // The clock was set since: now the time of capture is known.
    common::Message corrected = *message;
    corrected.time_ns = clock_.utc_of(message->monotonic_ns);
    corrected.clock_synchronised = true;
    sent = connection_->send(corrected, age_us);
  }
  broken_ = !sent;
  bandwidth_.sent(sent.value_or(0), now_ns);
}

void HubLink::send_keep_alive(std::int64_t now_ns) {
  next_keep_alive_ns_ = now_ns + kKeepAliveInterval;
  common::Message message = keep_alive(sender_, now_ns);
  if (ours_) report_.add_to(message, hub_id_, outbox_.counts());
  send(std::make_shared<const common::Message>(std::move(message)), now_ns);
}

}  // namespace imagenode
