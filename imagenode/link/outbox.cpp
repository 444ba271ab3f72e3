#include "imagenode/link/outbox.hpp"

#include <algorithm>
#include <chrono>

#include "common/crc32c.hpp"

namespace imagenode {
namespace {

using common::DeliveryClass;

/// What a message takes of the bound: its payload, its text and its fields.
std::size_t size_of(const common::Message& message) {
  return sizeof message + message.payload.size() + message.text.size() + message.fields.size() * 64;
}

/// Images give way first, events last.
constexpr std::array kGiveWay{DeliveryClass::image, DeliveryClass::data, DeliveryClass::event};

}  // namespace

Outbox::Outbox(std::uint64_t boot, std::size_t max_bytes, const common::Clock& clock)
    : boot_(boot), max_bytes_(max_bytes), clock_(clock) {}

void Outbox::put(common::Message message) {
  message.boot = boot_;
  if (message.time_ns == 0) message.time_ns = clock_.utc_ns();
  if (message.monotonic_ns == 0) message.monotonic_ns = clock_.monotonic_ns();
  message.clock_synchronised = clock_.synchronised();
  message.clock_error_us = clock_.error_us();
  message.crc = common::crc32c(message.payload.view());
  const auto lane = index_of(delivery_class(common::kind_of(message.text, true)));
  {
    const std::lock_guard lock(mutex_);
    message.seq = ++last_seq_;
    ++counts_.accepted[lane];
    ++counts_.queued_messages;
    counts_.queued_bytes += size_of(message);
    lanes_[lane].push_back({std::make_shared<const common::Message>(std::move(message))});
    make_room();
  }
  if (wake_) wake_();
}

void Outbox::put_unstored(common::Message message) {
  message.boot = boot_;
  if (message.monotonic_ns == 0) message.monotonic_ns = clock_.monotonic_ns();
  {
    const std::lock_guard lock(mutex_);
    const std::string text = message.text;
    unstored_[text] = std::make_shared<const common::Message>(std::move(message));
  }
  if (wake_) wake_();
}

void Outbox::make_room() {
  for (const DeliveryClass delivery_class : kGiveWay) {
    Lane& lane = lanes_[index_of(delivery_class)];
    while (counts_.queued_bytes > max_bytes_) {
      const auto oldest = std::find_if(lane.begin(), lane.end(), [](const Item& item) { return !item.sent_once; });
      if (oldest == lane.end()) break;
      counts_.queued_bytes -= size_of(*oldest->message);
      --counts_.queued_messages;
      ++counts_.dropped[index_of(delivery_class)];
      lane.erase(oldest);
    }
  }
}

common::MessagePtr Outbox::take(DeliveryClass delivery_class) {
  const std::lock_guard lock(mutex_);
  for (Item& item : lanes_[index_of(delivery_class)]) {
    if (item.under_way) continue;
    item.under_way = item.sent_once = true;
    return item.message;
  }
  return nullptr;
}

std::optional<std::size_t> Outbox::next_size(DeliveryClass delivery_class) const {
  const std::lock_guard lock(mutex_);
  for (const Item& item : lanes_[index_of(delivery_class)]) {
    if (!item.under_way) return item.message->payload.size();
  }
  return std::nullopt;
}

common::MessagePtr Outbox::take_seq(DeliveryClass delivery_class, std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  for (Item& item : lanes_[index_of(delivery_class)]) {
    if (item.message->seq != seq || item.under_way) continue;
    item.under_way = item.sent_once = true;
    return item.message;
  }
  return nullptr;
}

common::MessagePtr Outbox::take_unstored() {
  const std::lock_guard lock(mutex_);
  if (unstored_.empty()) return nullptr;
  return unstored_.extract(unstored_.begin()).mapped();
}

void Outbox::remove(std::uint64_t seq, std::array<std::uint64_t, common::kDeliveryClasses>& count) {
  const std::lock_guard lock(mutex_);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const auto at = std::find_if(lanes_[lane].begin(), lanes_[lane].end(),
                                 [&](const Item& item) { return item.message->seq == seq; });
    if (at == lanes_[lane].end()) continue;
    counts_.queued_bytes -= size_of(*at->message);
    --counts_.queued_messages;
    ++count[lane];
    lanes_[lane].erase(at);
    break;
  }
  if (counts_.queued_messages == 0) emptied_.notify_all();
}

void Outbox::delivered(std::uint64_t seq) {
  remove(seq, counts_.delivered);
}
void Outbox::set_aside(std::uint64_t seq) {
  remove(seq, counts_.set_aside);
}

void Outbox::put_back(std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) {
    for (Item& item : lane) {
      if (item.message->seq == seq) item.under_way = false;
    }
  }
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
