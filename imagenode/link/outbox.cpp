#include "imagenode/link/outbox.hpp"

#include <algorithm>
#include <chrono>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::DeliveryClass;

/// Images give way first, events last.
constexpr std::array kGiveWay{DeliveryClass::image, DeliveryClass::data, DeliveryClass::event};

}  // namespace

/// What a message takes of the bound: its payload, its text and its fields.
std::size_t Outbox::memory_of(const common::Message& message) {
  return sizeof message + message.payload.size() + message.text.size() + message.fields.size() * 64;
}

Outbox::Outbox(const OutboxSettings& settings) : settings_(settings) {}

void Outbox::put(common::MessagePtr message) {
  const auto at = index_of(class_of(*message));
  bool for_spool = false;
  {
    const std::lock_guard lock(mutex_);
    ++counts_.accepted[at];
    ++counts_.queued_messages;
    counts_.queued_bytes += memory_of(*message);
    for_spool = has_spool() && (settings_.spooling == Spooling::always || !answers_ || over_three_quarters());
    live_[at].push_back({std::move(message)});
    make_room();
  }
  if (wake_) wake_();
  if (for_spool && wake_spooler_) wake_spooler_();
}

void Outbox::put_unstored(common::MessagePtr message) {
  {
    const std::lock_guard lock(mutex_);
    const std::string& text = message->text;
    if (!message->only_shown()) {
      unstored_[text] = std::move(message);
    } else if (shows_) {
      to_show_.put(std::move(message));
    } else {
      return;
    }
  }
  if (wake_) wake_();
}

/// What is on its way into the spool stays: its place is free soon.
void Outbox::make_room() {
  for (const DeliveryClass delivery_class : kGiveWay) {
    Items& items = live_[index_of(delivery_class)];
    while (counts_.queued_bytes > settings_.max_bytes) {
      const auto oldest =
          std::find_if(items.begin(), items.end(), [](const Item& item) { return !item.sent_once && !item.leaving; });
      if (oldest == items.end()) break;
      ++counts_.dropped[index_of(delivery_class)];
      if (oldest->row == Row::written) remove_.push_back(identity_of(*oldest->message));
      leave_memory(items, oldest);
    }
  }
}

void Outbox::leave_memory(Items& items, const Items::const_iterator& at) {
  counts_.queued_bytes -= memory_of(*at->message);
  --counts_.queued_messages;
  if (at->leaving) leaving_bytes_ -= memory_of(*at->message);
  items.erase(at);
  if (counts_.queued_messages == 0) emptied_.notify_all();
}

/// The first in line. While one of the live lane is leaving, later ones wait for it: if the disk does not take it, it
/// is sent before them after all.
const Outbox::Item* Outbox::next_item(DeliveryClass delivery_class, Lane lane) const {
  const Items& items = (lane == Lane::live ? live_ : late_)[index_of(delivery_class)];
  const Item* first = nullptr;
  for (const Item& item : items) {
    if (item.leaving) return nullptr;
    if (item.under_way) continue;
    if (lane == Lane::live || settings_.catch_up == CatchUp::oldest_first) return &item;
    // The hub may wait for one that was sent before, by number.
    const bool better = first == nullptr || (item.sent_once && !first->sent_once) ||
                        (item.sent_once && item.message->seq < first->message->seq);
    if (better) first = &item;
  }
  return first;
}

common::MessagePtr Outbox::take(DeliveryClass delivery_class, Lane lane) {
  const std::lock_guard lock(mutex_);
  auto* item = const_cast<Item*>(next_item(delivery_class, lane));
  if (item == nullptr) return nullptr;
  item->under_way = item->sent_once = true;
  return item->message;
}

std::optional<Outbox::Next> Outbox::next(DeliveryClass delivery_class, Lane lane) const {
  const std::lock_guard lock(mutex_);
  const Item* item = next_item(delivery_class, lane);
  if (item == nullptr) return std::nullopt;
  return Next{identity_of(*item->message), item->message->payload.size()};
}

common::MessagePtr Outbox::take(DeliveryClass delivery_class, const Identity& identity) {
  const std::lock_guard lock(mutex_);
  const Place place = find(identity);
  if (!place || place.delivery_class != index_of(delivery_class) || place.at->under_way || place.at->leaving) {
    return nullptr;
  }
  place.at->under_way = place.at->sent_once = true;
  return place.at->message;
}

common::MessagePtr Outbox::take_unstored() {
  const std::lock_guard lock(mutex_);
  if (unstored_.empty()) return nullptr;
  return unstored_.extract(unstored_.begin()).mapped();
}

common::MessagePtr Outbox::take_shown() {
  const std::lock_guard lock(mutex_);
  return to_show_.take();
}

void Outbox::hub_shows(bool shows) {
  const std::lock_guard lock(mutex_);
  shows_ = shows;
  if (!shows) to_show_.clear();
}

Outbox::Place Outbox::find(const Identity& identity) {
  for (auto* lanes : {&live_, &late_}) {
    for (std::size_t i = 0; i < lanes->size(); ++i) {
      Items& items = (*lanes)[i];
      const auto at = std::find_if(items.begin(), items.end(),
                                   [&](const Item& item) { return identity_of(*item.message) == identity; });
      if (at != items.end()) return {&items, at, i, lanes == &live_};
    }
  }
  return {};
}

/// What came from the spool has its row, be it one that was saved out of a corrupt file.
bool Outbox::has_row(const Place& place) {
  return place.at->row == Row::written || (!place.live && place.at->row != Row::writing);
}

common::MessagePtr Outbox::remove(const Place& place) {
  common::MessagePtr message = place.at->message;
  if (place.live) {
    leave_memory(*place.items, place.at);
  } else {
    late_bytes_[place.delivery_class] -= message->payload.size();
    place.items->erase(place.at);
  }
  return message;
}

common::MessagePtr Outbox::delivered(const Identity& identity) {
  common::MessagePtr message;
  bool for_spool = false;
  {
    const std::lock_guard lock(mutex_);
    const Place place = find(identity);
    if (!place) return nullptr;
    ++counts_.delivered[place.delivery_class];
    if (has_row(place)) remove_.push_back(identity);
    message = remove(place);
    for_spool = remove_.size() == 1 || remove_.size() >= kMaxRemovals || (!place.live && wants(place.delivery_class));
  }
  if (for_spool && wake_spooler_) wake_spooler_();
  return message;
}

void Outbox::set_aside(const Identity& identity, const std::string& reason) {
  bool kept = true;
  {
    const std::lock_guard lock(mutex_);
    const Place place = find(identity);
    if (!place) return;
    ++counts_.set_aside[place.delivery_class];
    kept = refused_.size() < kMaxRefused;
    if (!kept && has_row(place)) remove_.push_back(identity);
    auto message = remove(place);
    if (has_spool() && kept) refused_.push_back({std::move(message), reason});
  }
  if (has_spool() && !kept) {
    common::log::warn(common::cat("outbox: message ", identity.seq, " was refused (", common::escaped(reason),
                                  ") and is ", "not kept: ", kMaxRefused, " others wait for the disk"));
  }
  if (wake_spooler_) wake_spooler_();
}

void Outbox::put_back(const Identity& identity) {
  const std::lock_guard lock(mutex_);
  if (const Place place = find(identity)) place.at->under_way = false;
}

void Outbox::hub_answers(bool answers, std::int64_t now_ns) {
  {
    const std::lock_guard lock(mutex_);
    if (answers_ && !answers) absent_since_ns_ = now_ns;
    if (!answers_ && absent_since_ns_ == 0) absent_since_ns_ = now_ns;
    answers_ = answers;
    if (answers && settings_.catch_up == CatchUp::newest_first) {
      // Newer ones came since these were read.
      for (std::size_t i = 0; i < late_.size(); ++i) {
        std::erase_if(late_[i], [&](const Item& item) {
          if (item.sent_once || item.row != Row::written) return false;
          late_bytes_[i] -= item.message->payload.size();
          return true;
        });
      }
    }
  }
  if (wake_spooler_) wake_spooler_();
}

OutboxCounts Outbox::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

bool Outbox::wait_until_empty(std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return counts_.queued_messages == 0; });
}

}  // namespace imagenode
