#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/message.hpp"

namespace imagenode {

/// What became of the messages that were put into an Outbox, per delivery class.
struct OutboxCounts {
  std::array<std::uint64_t, common::kDeliveryClasses> accepted{};
  std::array<std::uint64_t, common::kDeliveryClasses> delivered{};
  std::array<std::uint64_t, common::kDeliveryClasses> dropped{};    ///< gave way because the bound was reached
  std::array<std::uint64_t, common::kDeliveryClasses> set_aside{};  ///< refused by the hub, or never answered
  std::uint64_t queued_messages = 0;
  std::uint64_t queued_bytes = 0;
};

/// The only queue on a node: gives each message its identity (boot, seq) and keeps it until the hub has answered.
/// Bounded in bytes. When it is full, images give way before data and data before events, the oldest first, and never
/// one that was sent already; what gave way is counted. Thread-safe: any thread puts, the thread of the link takes.
class Outbox {
 public:
  Outbox(std::uint64_t boot, std::size_t max_bytes, const common::Clock& clock);

  std::uint64_t boot() const { return boot_; }

  /// Takes a stored message (event, image, data). Fills in boot, seq, crc; the clock's state when time_ns is set by
  /// the source, and the time when it is not. Never blocks.
  void put(common::Message message);

  /// Takes what is never stored: a heartbeat, a tuning image. Of each text only the newest is kept.
  void put_unstored(common::Message message);

  /// The oldest message of the class that is not under way; it is from now on.
  common::MessagePtr take(common::DeliveryClass delivery_class);
  /// The message with this number, when it is the class's and not under way; it is from now on.
  common::MessagePtr take_seq(common::DeliveryClass delivery_class, std::uint64_t seq);
  common::MessagePtr take_unstored();
  /// Size of the message that take() would give; nothing when there is none.
  std::optional<std::size_t> next_size(common::DeliveryClass delivery_class) const;

  /// The hub has it: the message leaves the queue.
  void delivered(std::uint64_t seq);
  /// The hub will never take it: the message leaves the queue and is counted.
  void set_aside(std::uint64_t seq);
  /// Back from being under way, at its old place: it will be taken again.
  void put_back(std::uint64_t seq);

  /// Called (from the putting thread) when a message came in; set once, before the first put.
  void on_put(std::function<void()> wake) { wake_ = std::move(wake); }

  OutboxCounts counts() const;

  /// Waits until everything stored has left the queue, or the time is over. Returns whether it is empty.
  bool wait_until_empty(std::int64_t timeout_ns);

 private:
  struct Item {
    common::MessagePtr message;
    bool under_way = false;
    bool sent_once = false;  ///< the hub may wait for it (RETRY), so it is not given up
  };
  using Lane = std::deque<Item>;

  void make_room();
  void remove(std::uint64_t seq, std::array<std::uint64_t, common::kDeliveryClasses>& count);

  const std::uint64_t boot_;
  const std::size_t max_bytes_;
  const common::Clock& clock_;
  std::function<void()> wake_;

  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::uint64_t last_seq_ = 0;
  std::array<Lane, common::kDeliveryClasses> lanes_;
  std::map<std::string, common::MessagePtr> unstored_;
  OutboxCounts counts_;
};

}  // namespace imagenode
