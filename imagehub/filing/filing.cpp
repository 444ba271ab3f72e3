#include "imagehub/filing/filing.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "common/database.hpp"
#include "common/log.hpp"
#include "common/message_rows.hpp"
#include "common/picture.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::DeliveryClass;

constexpr std::size_t kMaxGroup = 256;
constexpr std::size_t kMaxWrittenTogether = 16;
constexpr std::int64_t kCatchUpInterval = 10 * common::kSecond;
constexpr std::int64_t kIdle = common::kSecond;

/// What will never be storable, or is not yet, before anything is written.
std::optional<Outcome> refuse_at_once(const common::Message& message) {
  switch (common::kind_of(message.text, message.boot.has_value())) {
    case common::Kind::samples:
      // Not refused for ever: a newer hub will take it.
      if (message.array && !common::fits_row(*message.array))
        return Outcome{Outcome::Kind::retry, "this hub does not store arrays of more values than a row has", {}};
      return std::nullopt;
    case common::Kind::array:
    case common::Kind::jpeg:
      if (!message.array) return std::nullopt;
      if (const auto why = common::cannot_store(*message.array))
        return Outcome{Outcome::Kind::reject, "not a picture", *why};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Outcome retry_after(const std::exception& error) {
  return {Outcome::Kind::retry, is_disk_full(error) ? Outcome::kDiskFull : "cannot store", error.what()};
}

Outcome retry_after(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& error) {
    return retry_after(error);
  }
}

}  // namespace

Filing::Filing(const FilingSettings& settings, Committer& committer, const common::Clock& clock,
               common::Liveness& liveness, Report report)
    : committer_(committer),
      clock_(clock),
      report_(std::move(report)),
      writers_(static_cast<std::size_t>(settings.writers)) {
  for (int i = 0; i < settings.writers; ++i) {
    threads_.push_back(common::start_thread(
        liveness, cat("writer-", i + 1), [this](const std::stop_token& stop, auto& self) { write_loop(stop, self); }));
  }
  threads_.push_back(common::start_thread(
      liveness, "commit", [this](const std::stop_token& stop, auto& self) { commit_loop(stop, self); }));
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
    if (identity) held_.came(lane, received.connection);
    const auto same = identity ? in_flight_.find(*identity) : in_flight_.end();
    if (same != in_flight_.end()) {
      const common::Message& first = *same->second->received.message;
      if (first.text == message.text && first.crc == message.crc) {
        if (received.ticket) same->second->waiting.push_back(*received.ticket);
        std::string& connection = same->second->received.connection;
        if (held_.is_newer(lane, received.connection, connection)) connection = received.connection;
        return;
      }
      outcome = Outcome{Outcome::Kind::reject, "identity has other content", {}};
    } else if (identity) {
      if (const auto from_seq = held_.held_from(lane, identity->seq, received.connection))
        outcome = Outcome{Outcome::Kind::retry, "an earlier one comes first", cat(*from_seq)};
    }
    if (!outcome) {
      auto item = std::make_shared<Item>();
      item->lane = lane;
      item->candidate.message = received.message;
      item->candidate.monotonic_ns = received.monotonic_ns;
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

/// To the writers, or straight to the commit when there is no payload to write or read. Caller holds the mutex.
void Filing::enqueue(const ItemPtr& item) {
  const bool has_work = std::get<DeliveryClass>(item->lane) != DeliveryClass::event;
  if (has_work && !item->candidate.committed) {
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
    std::vector<ItemPtr> items;
    {
      const common::Liveness::Waiting waiting(self);
      std::unique_lock lock(mutex_);
      to_write_changed_.wait(lock, stop, [&] { return !to_write_.empty(); });
      if (stop.stop_requested()) return;
      items = take_to_write();
    }
    for (const ItemPtr& item : items) write(*item);
    for (const ItemPtr& item : items) sync(*item);
    {
      const std::lock_guard lock(mutex_);
      for (const ItemPtr& item : items) item->state = item->written ? State::ready : State::failed;
    }
    ready_changed_.notify_one();
  }
}

/// One writer's share of what waits: the disk syncs several files in little more time than one. Caller holds the mutex.
std::vector<Filing::ItemPtr> Filing::take_to_write() {
  const std::size_t share = std::min((to_write_.size() + writers_ - 1) / writers_, kMaxWrittenTogether);
  std::vector<ItemPtr> items;
  for (; items.size() < share; to_write_.pop_front()) {
    items.push_back(std::move(to_write_.front()));
    // Unique even when a message comes again while its first copy waits for its final name.
    const auto identity = identity_of(*items.back()->candidate.message);
    items.back()->incoming = identity ? cat(common::hex64(identity->boot), '-', identity->seq, '.', ++last_incoming_)
                                      : cat("plain.", ++last_incoming_);
    items.back()->gives_way = !items.back()->received.sender_waits && wait_for_room_ > 0;
  }
  return items;
}

void Filing::write(Item& item) const {
  item.written = false;
  if (item.gives_way) {
    item.failure = {Outcome::Kind::retry, Outcome::kDiskFull, "others wait for room"};
    return;
  }
  try {
    committer_.write(item.candidate, item.incoming);
    item.written = true;
  } catch (const std::exception& error) {
    item.failure = retry_after(error);
  }
}

void Filing::sync(Item& item) const {
  if (!item.written) return;
  try {
    committer_.sync(item.candidate);
  } catch (const std::exception& error) {
    item.written = false;
    item.failure = retry_after(error);
  }
}

void Filing::commit_loop(const std::stop_token& stop, common::Liveness::Thread& self) {
  std::int64_t next_catch_up = clock_.monotonic_ns() + kCatchUpInterval;
  for (;;) {
    const auto group = wait_for_group(stop, self);
    if (stop.stop_requested() && group.empty()) break;
    if (!group.empty()) commit(group);
    run_task();
    if (clock_.monotonic_ns() < next_catch_up) continue;
    next_catch_up = clock_.monotonic_ns() + kCatchUpInterval;
    try {
      committer_.catch_up();
    } catch (const std::exception& error) {
      note_damage(error);
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
  ready_changed_.wait_for(lock, stop, std::chrono::nanoseconds(kIdle), [&] {
    resubmit_due(clock_.monotonic_ns());
    collect_ready(group);
    return !group.empty() || !tasks_.empty();
  });
  return group;
}

void Filing::run_task() {
  std::packaged_task<void()> task;
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) return;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
}

void Filing::between_groups(std::function<void()> task) {
  enqueue_task(std::move(task)).get();
}

void Filing::soon(std::function<void()> task) {
  enqueue_task(std::move(task));
}

std::future<void> Filing::enqueue_task(std::function<void()> task) {
  std::packaged_task<void()> packaged([this, task = std::move(task)] {
    try {
      task();
    } catch (const std::exception& error) {
      note_damage(error);
      throw;
    }
  });
  auto done = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(packaged));
  }
  ready_changed_.notify_one();
  return done;
}

/// The finished heads of the lanes, in the order of each lane. Caller holds the mutex.
void Filing::collect_ready(std::vector<ItemPtr>& group) {
  auto lane = lanes_.upper_bound(last_collected_);
  for (std::size_t left = lanes_.size(); left > 0 && group.size() < kMaxGroup; --left) {
    if (lane == lanes_.end()) lane = lanes_.begin();
    last_collected_ = lane->first;
    auto& items = lane->second.items;
    while (!items.empty() && items.front()->state != State::writing) {
      group.push_back(std::move(items.front()));
      items.pop_front();
    }
    lane = items.empty() ? lanes_.erase(lane) : std::next(lane);
  }
}

void Filing::commit(const std::vector<ItemPtr>& group) {
  std::vector<ItemPtr> good;
  std::vector<Candidate*> candidates;
  for (const ItemPtr& item : group) {
    if (item->state == State::failed) {
      fail(item, item->failure);
    } else if (item->behind_failed) {
      fail(item, {Outcome::Kind::retry, "an earlier one comes first", {}});
    } else {
      good.push_back(item);
      candidates.push_back(&item->candidate);
    }
  }
  try {
    committer_.commit(candidates);
  } catch (const std::exception& error) {
    note_damage(error);
    for (const ItemPtr& item : good) fail(item, retry_after(error));
    return;
  }
  for (const ItemPtr& item : good) {
    const Candidate& done = item->candidate;
    if (done.failed) {
      fail(item, retry_after(done.failed));
    } else {
      finish(item, done.refused ? Outcome{Outcome::Kind::reject, *done.refused, done.refused_detail} : Outcome{});
    }
  }
}

/// What came behind a message that failed must not overtake it: neither what is here already nor what still comes.
/// Caller holds the mutex.
void Filing::hold_lane(const Item& failed) {
  const std::uint64_t seq = *failed.candidate.message->seq;
  held_.hold(failed.lane, seq, failed.received.connection);
  // One boot's identities lie together, in the order of seq.
  const std::uint64_t boot = *failed.candidate.message->boot;
  for (auto later = in_flight_.upper_bound({boot, seq}); later != in_flight_.end() && later->first.boot == boot;
       ++later) {
    if (later->second->lane == failed.lane) later->second->behind_failed = true;
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
    if (item->received.ticket) {
      tickets.push_back(*item->received.ticket);
      if (patient_.erase(*item->received.ticket) > 0 && item->wants_room) --wait_for_room_;
    }
    emptied_.notify_all();
  }
  for (const Ticket ticket : tickets) report_(ticket, outcome);
}

bool Filing::drain(std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return unanswered_ == 0; });
}

void Filing::note_damage(const std::exception& error) {
  if (!common::is_corruption(error)) return;
  const std::lock_guard lock(mutex_);
  index_damage_ = error.what();
}

std::optional<std::string> Filing::index_damage() const {
  const std::lock_guard lock(mutex_);
  return index_damage_;
}

std::uint64_t Filing::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

}  // namespace imagehub
