#include "imagehub/filing/filing.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/store/picture.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::DeliveryClass;

constexpr std::size_t kMaxGroup = 256;
constexpr std::int64_t kCatchUpInterval = 10 * common::kSecond;
constexpr std::int64_t kFirstRetry = common::kSecond;
constexpr std::int64_t kLastRetry = 60 * common::kSecond;

std::int64_t back_off(int tries) {
  return std::min(kFirstRetry << std::min(tries, 6), kLastRetry);
}

std::optional<Identity> identity_of(const common::Message& message) {
  if (!message.boot || !message.seq) return std::nullopt;
  return Identity{*message.boot, *message.seq};
}

/// What will never be storable, or is not yet, before anything is written.
std::optional<Outcome> refuse_at_once(const common::Message& message) {
  switch (common::kind_of(message.text, message.boot.has_value())) {
    case common::Kind::data:
    case common::Kind::samples:
      // Not refused for ever: a newer hub will take it.
      return Outcome{Outcome::Kind::retry, "this hub stores images and events only"};
    case common::Kind::array:
    case common::Kind::jpeg:
      if (!message.array) return std::nullopt;
      if (const auto why = cannot_store(*message.array)) return Outcome{Outcome::Kind::reject, *why};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string reason_of(const std::exception& error) {
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  if (system != nullptr && system->code() == std::errc::no_space_on_device) return "disk full";
  return error.what();
}

}  // namespace

Filing::Filing(const FilingSettings& settings, Committer& committer, const common::Clock& clock,
               common::Liveness& liveness, Report report)
    : committer_(committer), clock_(clock), report_(std::move(report)) {
  for (int i = 0; i < settings.writers; ++i) {
    threads_.push_back(common::start_thread(liveness, cat("writer-", i + 1),
                                            [this](std::stop_token stop, auto& self) { write_loop(stop, self); }));
  }
  threads_.push_back(
      common::start_thread(liveness, "commit", [this](std::stop_token stop, auto& self) { commit_loop(stop, self); }));
}

Filing::~Filing() {
  for (auto& thread : threads_) thread.request_stop();
}

void Filing::submit(Received received) {
  const common::Message& message = *received.message;
  auto outcome = refuse_at_once(message);
  const auto identity = identity_of(message);
  if (!outcome) {
    const std::lock_guard lock(mutex_);
    const auto delivery_class = common::delivery_class(common::kind_of(message.text, message.boot.has_value()));
    const LaneKey lane = identity ? LaneKey{identity->boot, delivery_class, message.late, 0}
                                  : LaneKey{0, delivery_class, false, ++last_lane_};
    std::string reason;
    const auto same = identity ? in_flight_.find(*identity) : in_flight_.end();
    if (same != in_flight_.end()) {
      const common::Message& first = *same->second->received.message;
      if (first.text == message.text && first.crc == message.crc) {
        if (received.ticket) same->second->waiting.push_back(*received.ticket);
        return;
      }
      outcome = Outcome{Outcome::Kind::reject, "identity has other content"};
    } else if (identity && held_back(received, lane, reason)) {
      outcome = Outcome{Outcome::Kind::retry, reason};
    } else {
      auto item = std::make_shared<Item>();
      item->lane = lane;
      item->candidate.message = received.message;
      item->candidate.received_ns = received.utc_ns;
      item->candidate.own = !received.ticket;
      item->received = std::move(received);
      if (identity) in_flight_.emplace(*identity, item);
      lanes_[lane].items.push_back(item);
      queued_bytes_ += item->candidate.message->payload.size();
      ++unanswered_;
      enqueue(item);
      return;
    }
  }
  if (received.ticket) report_(*received.ticket, *outcome);
}

bool Filing::held_back(const Received& received, const LaneKey& lane, std::string& reason) {
  const auto at = held_.find(lane);
  if (at == held_.end()) return false;
  const bool resumes = received.connection != at->second.connection || *received.message->seq <= at->second.from_seq;
  if (resumes) {
    held_.erase(at);
    return false;
  }
  reason = cat("after ", at->second.from_seq);
  return true;
}

/// To the writers, or straight to the commit when there is no payload to write. Caller holds the mutex.
void Filing::enqueue(const ItemPtr& item) {
  const bool has_picture = std::get<DeliveryClass>(item->lane) == DeliveryClass::image;
  if (has_picture && !item->candidate.committed) {
    item->state = State::writing;
    to_write_.push_back(item);
    to_write_changed_.notify_one();
  } else {
    item->state = State::ready;
    ready_changed_.notify_one();
  }
}

void Filing::write_loop(const std::stop_token& stop, common::Liveness::Thread& self) {
  for (;;) {
    ItemPtr item;
    std::string incoming;
    {
      const common::Liveness::Waiting waiting(self);
      std::unique_lock lock(mutex_);
      if (!to_write_changed_.wait(lock, stop, [&] { return !to_write_.empty(); })) return;
      item = std::move(to_write_.front());
      to_write_.pop_front();
      // Unique even when a message comes again while its first copy waits for its final name.
      const auto identity = identity_of(*item->candidate.message);
      incoming = identity ? cat(common::hex64(identity->boot), '-', identity->seq, '.', ++last_incoming_)
                          : cat("plain.", ++last_incoming_);
    }
    State state = State::ready;
    std::string error_text;
    try {
      committer_.write(item->candidate, incoming);
    } catch (const std::exception& error) {
      state = State::failed;
      error_text = reason_of(error);
    }
    {
      const std::lock_guard lock(mutex_);
      item->state = state;
      item->error = error_text;
    }
    ready_changed_.notify_one();
  }
}

void Filing::commit_loop(const std::stop_token& stop, common::Liveness::Thread& self) {
  std::int64_t next_catch_up = clock_.monotonic_ns() + kCatchUpInterval;
  for (;;) {
    const auto group = wait_for_group(stop, self);
    if (stop.stop_requested() && group.empty()) break;
    if (!group.empty()) commit(group);
    if (clock_.monotonic_ns() < next_catch_up) continue;
    next_catch_up = clock_.monotonic_ns() + kCatchUpInterval;
    try {
      committer_.catch_up();
    } catch (const std::exception& error) {
      common::log::warn(cat("index: ", error.what(), "; tried again in 10 s"));
    }
  }
  try {
    committer_.catch_up();
  } catch (const std::exception& error) {
    common::log::warn(cat("index: ", error.what(), "; finished at the next start"));
  }
}

std::vector<Filing::ItemPtr> Filing::wait_for_group(const std::stop_token& stop, common::Liveness::Thread& self) {
  const common::Liveness::Waiting waiting(self);
  std::vector<ItemPtr> group;
  std::unique_lock lock(mutex_);
  ready_changed_.wait_for(lock, stop, std::chrono::nanoseconds(kFirstRetry), [&] {
    resubmit_due(clock_.monotonic_ns());
    collect_ready(group);
    return !group.empty();
  });
  return group;
}

/// The finished heads of all lanes, in the order of each lane. Caller holds the mutex.
void Filing::collect_ready(std::vector<ItemPtr>& group) {
  for (auto lane = lanes_.begin(); lane != lanes_.end() && group.size() < kMaxGroup;) {
    auto& items = lane->second.items;
    while (!items.empty() && items.front()->state != State::writing) {
      group.push_back(std::move(items.front()));
      items.pop_front();
    }
    lane = items.empty() ? lanes_.erase(lane) : std::next(lane);
  }
}

void Filing::resubmit_due(std::int64_t now_ns) {
  const auto due = std::stable_partition(waiting_to_retry_.begin(), waiting_to_retry_.end(),
                                         [&](const ItemPtr& item) { return item->try_again_ns > now_ns; });
  for (auto at = due; at != waiting_to_retry_.end(); ++at) {
    lanes_[(*at)->lane].items.push_back(*at);
    ++unanswered_;
    enqueue(*at);
  }
  waiting_to_retry_.erase(due, waiting_to_retry_.end());
}

void Filing::commit(const std::vector<ItemPtr>& group) {
  std::vector<ItemPtr> good;
  std::vector<Candidate*> candidates;
  for (const ItemPtr& item : group) {
    if (item->state == State::failed) {
      fail(item, item->error);
    } else if (item->behind_failed) {
      fail(item, "after a message that could not be stored");
    } else {
      good.push_back(item);
      candidates.push_back(&item->candidate);
    }
  }
  try {
    committer_.commit(candidates);
  } catch (const std::exception& error) {
    for (const ItemPtr& item : good) fail(item, reason_of(error));
    return;
  }
  for (const ItemPtr& item : good) {
    const auto& refused = item->candidate.refused;
    finish(item, refused ? Outcome{Outcome::Kind::reject, *refused} : Outcome{});
  }
}

void Filing::fail(const ItemPtr& item, const std::string& reason) {
  committer_.discard(item->candidate);
  const auto identity = identity_of(*item->candidate.message);
  {
    const std::lock_guard lock(mutex_);
    if (identity) {
      hold_lane(*item);
    } else {
      item->try_again_ns = clock_.monotonic_ns() + back_off(item->tries++);
      waiting_to_retry_.push_back(item);
      --unanswered_;
      emptied_.notify_all();
    }
  }
  if (identity) {
    finish(item, {Outcome::Kind::retry, reason});
  } else if (item->tries == 1) {
    common::log::error(cat("cannot store a message now, its sender waits: ", reason));
  }
}

/// What came behind a message that failed must not overtake it: neither what is here already nor what still comes.
/// Caller holds the mutex.
void Filing::hold_lane(const Item& failed) {
  held_.try_emplace(failed.lane, Held{*failed.received.message->seq, failed.received.connection});
  for (const auto& [identity, other] : in_flight_) {
    if (other->lane == failed.lane) other->behind_failed = true;
  }
}

void Filing::finish(const ItemPtr& item, const Outcome& outcome) {
  std::vector<Ticket> tickets;
  {
    const std::lock_guard lock(mutex_);
    if (const auto identity = identity_of(*item->candidate.message)) in_flight_.erase(*identity);
    queued_bytes_ -= item->candidate.message->payload.size();
    --unanswered_;
    tickets = std::move(item->waiting);
    if (item->received.ticket) tickets.push_back(*item->received.ticket);
    emptied_.notify_all();
  }
  for (const Ticket ticket : tickets) report_(ticket, outcome);
}

bool Filing::drain(std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return unanswered_ == 0; });
}

std::uint64_t Filing::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

}  // namespace imagehub
