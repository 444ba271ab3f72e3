// The side of the Outbox that faces the Spooler.

#include <algorithm>

#include "imagenode/link/outbox.hpp"

namespace imagenode {
namespace {

using common::DeliveryClass;

/// Images leave memory first, events last.
constexpr std::array kLeave{DeliveryClass::image, DeliveryClass::data, DeliveryClass::event};

}  // namespace

bool Outbox::over_three_quarters() const {
  return counts_.queued_bytes - leaving_bytes_ > settings_.max_bytes / 4 * 3;
}

std::int64_t Outbox::outage_at_ns() const {
  return answers_ || absent_since_ns_ == 0 ? INT64_MAX : absent_since_ns_ + settings_.patience_ns;
}

Outbox::SpoolWork Outbox::spool_work(std::int64_t now_ns, bool all) {
  SpoolWork work;
  const std::lock_guard lock(mutex_);
  if (!has_spool()) return work;
  work.refused = std::exchange(refused_, {});
  collect_removals(work, now_ns, all);
  std::uint64_t bytes = 0;
  // What the file lost, and what is already sent from it.
  for (Items& items : late_) collect(work.store, bytes, items, false);
  const bool spill = settings_.spooling == Spooling::outage && (all || now_ns >= outage_at_ns());
  if (all || spill || settings_.spooling == Spooling::always) {
    if (all || group_is_due(now_ns, work.next_ns)) {
      for (Items& items : live_) collect(work.store, bytes, items, spill);
    }
  } else if (counts_.queued_messages > 0) {
    work.next_ns = std::min(work.next_ns, outage_at_ns());
  }
  if (over_three_quarters()) collect_overflow(work.store, bytes);
  return work;
}

void Outbox::collect_removals(SpoolWork& work, std::int64_t now_ns, bool all) {
  if (remove_.empty()) return;
  if (first_removal_ns_ == 0) first_removal_ns_ = now_ns;
  if (all || remove_.size() >= kMaxRemovals || now_ns >= first_removal_ns_ + kGroupTime) {
    work.remove = std::exchange(remove_, {});
    first_removal_ns_ = 0;
  } else {
    work.next_ns = std::min(work.next_ns, first_removal_ns_ + kGroupTime);
  }
}

/// Whether what lies in memory only is enough for a group, or old enough.
bool Outbox::group_is_due(std::int64_t now_ns, std::int64_t& next_ns) const {
  std::uint64_t bytes = 0;
  std::int64_t oldest_ns = INT64_MAX - kGroupTime;
  for (const Items& items : live_) {
    for (const Item& item : items) {
      if (item.row != Row::none) continue;
      bytes += item.message->payload.size();
      oldest_ns = std::min(oldest_ns, item.message->monotonic_ns);
    }
  }
  if (bytes >= kGroupBytes || now_ns >= oldest_ns + kGroupTime) return true;
  next_ns = std::min(next_ns, oldest_ns + kGroupTime);
  return false;
}

void Outbox::collect(std::vector<SpoolRow>& rows, std::uint64_t& bytes, Items& items, bool leave_unsent) {
  for (Item& item : items) {
    if (item.row != Row::none) continue;
    if (bytes >= kGroupBytes) return;
    item.row = Row::writing;
    if (leave_unsent && !item.sent_once) begin_leaving(item);
    bytes += item.message->payload.size();
    rows.push_back({item.message, item.leaving || item.message->late});
  }
}

/// Down to half of the bound, so that it happens in groups and not for each message.
void Outbox::collect_overflow(std::vector<SpoolRow>& rows, std::uint64_t& bytes) {
  for (const DeliveryClass delivery_class : kLeave) {
    for (Item& item : live_[index_of(delivery_class)]) {
      if (bytes >= kGroupBytes || counts_.queued_bytes - leaving_bytes_ <= settings_.max_bytes / 2) return;
      if (item.sent_once || item.leaving || item.row == Row::writing) continue;
      if (item.row != Row::written) item.row = Row::writing;
      begin_leaving(item);
      bytes += item.message->payload.size();
      rows.push_back({item.message, true});
    }
  }
}

void Outbox::begin_leaving(Item& item) {
  item.leaving = true;
  leaving_bytes_ += memory_of(*item.message);
}

void Outbox::stored(const std::vector<SpoolRow>& rows) {
  const std::lock_guard lock(mutex_);
  for (const SpoolRow& row : rows) {
    const Identity identity = identity_of(*row.message);
    const Place place = find(identity);
    if (!place) {
      remove_.push_back(identity);  // delivered meanwhile
      continue;
    }
    place.at->row = Row::written;
    if (place.live && place.at->leaving) leave_memory(*place.items, place.at);
  }
}

void Outbox::not_stored(const std::vector<SpoolRow>& rows) {
  {
    const std::lock_guard lock(mutex_);
    for (const SpoolRow& row : rows) {
      const Place place = find(identity_of(*row.message));
      if (!place) continue;
      if (place.at->row == Row::writing) place.at->row = Row::none;
      if (std::exchange(place.at->leaving, false)) leaving_bytes_ -= memory_of(*place.at->message);
    }
    make_room();
  }
  if (wake_) wake_();
}

void Outbox::spool_lost() {
  const std::lock_guard lock(mutex_);
  for (auto* lanes : {&live_, &late_}) {
    for (Items& items : *lanes) {
      for (Item& item : items) {
        if (item.row == Row::written || item.row == Row::given_up) item.row = Row::none;
      }
    }
  }
}

bool Outbox::wants(std::size_t at) const {
  return answers_ && late_bytes_[at] <= kReadAheadBytes / 2 && late_[at].size() <= kReadAheadMessages / 2;
}

bool Outbox::wants_late(DeliveryClass delivery_class) const {
  const std::lock_guard lock(mutex_);
  return wants(index_of(delivery_class));
}

void Outbox::add_late(DeliveryClass delivery_class, const std::vector<common::MessagePtr>& messages) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& message : messages) {
      late_bytes_[index_of(delivery_class)] += message->payload.size();
      late_[index_of(delivery_class)].push_back({message, false, false, false, Row::written});
    }
  }
  if (wake_) wake_();
}

std::set<Identity> Outbox::read_ahead(DeliveryClass delivery_class) const {
  const std::lock_guard lock(mutex_);
  std::set<Identity> identities;
  for (const Item& item : late_[index_of(delivery_class)]) identities.insert(identity_of(*item.message));
  return identities;
}

std::vector<Identity> Outbox::to_remove() const {
  const std::lock_guard lock(mutex_);
  std::vector<Identity> identities = remove_;
  for (const Refused& refused : refused_) identities.push_back(identity_of(*refused.message));
  return identities;
}

std::set<Identity> Outbox::sent() const {
  const std::lock_guard lock(mutex_);
  std::set<Identity> identities;
  for (const auto* lanes : {&live_, &late_}) {
    for (const Items& items : *lanes) {
      for (const Item& item : items) {
        if (item.sent_once) identities.insert(identity_of(*item.message));
      }
    }
  }
  return identities;
}

std::uint64_t Outbox::only_in_memory() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const auto* lanes : {&live_, &late_}) {
    for (const Items& items : *lanes) {
      count += static_cast<std::uint64_t>(
          std::count_if(items.begin(), items.end(), [](const Item& item) { return item.row != Row::written; }));
    }
  }
  return count;
}

std::vector<Identity> Outbox::give_up(DeliveryClass delivery_class, const std::vector<Identity>& identities) {
  const std::lock_guard lock(mutex_);
  std::vector<Identity> given_up;
  for (const Identity& identity : identities) {
    const Place place = find(identity);
    if (place && place.at->sent_once) continue;
    given_up.push_back(identity);
    if (place && place.live) {
      place.at->row = Row::given_up;  // it lies in memory all the same
      continue;
    }
    ++counts_.dropped[index_of(delivery_class)];
    if (place) {
      late_bytes_[place.delivery_class] -= place.at->message->payload.size();
      place.items->erase(place.at);
    }
  }
  return given_up;
}

}  // namespace imagenode
