#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/message.hpp"
#include "imagenode/link/identity.hpp"
#include "imagenode/link/outbox_settings.hpp"
#include "imagenode/link/show_queue.hpp"

namespace imagenode {

/// What became of the messages that were put into an Outbox, per delivery class.
struct OutboxCounts {
  std::array<std::uint64_t, common::kDeliveryClasses> accepted{};
  std::array<std::uint64_t, common::kDeliveryClasses> delivered{};
  std::array<std::uint64_t, common::kDeliveryClasses> dropped{};    ///< gave way because a bound was reached
  std::array<std::uint64_t, common::kDeliveryClasses> set_aside{};  ///< refused by the hub, or never answered
  std::uint64_t queued_messages = 0;                                ///< in memory, read-ahead of the spool left out
  std::uint64_t queued_bytes = 0;
};

/// The only queue on a node: keeps each message until the hub has answered, in memory and, when there is a Spooler,
/// in its spool. Bounded in bytes. Without a spool, or when the disk is too slow for it, images give way before data
/// and data before events, the oldest first, and never one that was sent already; what gave way is counted.
///
/// There are two lanes per class. What goes from memory to the hub goes by the live one, in the order of seq. What left
/// memory for the spool before it was ever sent goes by the late one, in the order of seq too; it comes back here a few
/// megabytes ahead of being sent. A message never changes its lane once it was sent, since the hub keeps their order.
///
/// Thread-safe: any thread puts, the thread of the link takes, that of the Spooler asks for its work.
class Outbox {
 public:
  explicit Outbox(const OutboxSettings& settings);

  /// Takes a stored message (event, image, data), stamped, in the order of seq. Never blocks.
  void put(common::MessagePtr message);

  /// Takes what is never stored: a heartbeat, a tuning image; of each text only the newest is kept. What is only shown
  /// (live rows, all of a demo) is dropped unless a hub that shows it answers, and waits in a ShowQueue.
  void put_unstored(common::MessagePtr message);

  /// How many bytes may be under way at once. What is under way stays in memory; if it filled that, what is new would
  /// have to give way at once, or go to the disk one by one.
  std::size_t max_under_way() const { return settings_.max_bytes / 2; }

  /// Called (from the putting thread) when there may be something to take; set once, before the first put.
  void on_put(std::function<void()> wake) { wake_ = std::move(wake); }

  OutboxCounts counts() const;

  /// Waits until everything in memory is delivered or in the spool, or the time is over. Returns whether it is.
  bool wait_until_empty(std::int64_t timeout_ns);

  // For the link.

  /// The next message of the class and lane that is not under way; it is from now on.
  common::MessagePtr take(common::DeliveryClass delivery_class, Lane lane = Lane::live);
  /// This message, when it is the class's and not under way; it is from now on.
  common::MessagePtr take(common::DeliveryClass delivery_class, const Identity& identity);
  common::MessagePtr take_unstored();
  /// What is only shown.
  common::MessagePtr take_shown();

  struct Next {
    Identity identity;
    std::size_t bytes = 0;
  };
  /// What take() would give; nothing when there is none.
  std::optional<Next> next(common::DeliveryClass delivery_class, Lane lane = Lane::live) const;

  /// The hub has it: the message leaves the queue. Nothing when it was not there any more.
  common::MessagePtr delivered(const Identity& identity);
  /// The hub will never take it: the message leaves the queue and is counted. The spool keeps it, unless kMaxRefused
  /// wait for that already.
  void set_aside(const Identity& identity, const std::string& reason);
  /// Back from being under way, at its old place: it will be taken again.
  void put_back(const Identity& identity);
  static constexpr std::size_t kMaxRefused = 100;

  /// Whether a hub answers now. None does at first.
  void hub_answers(bool answers, std::int64_t now_ns);
  /// Whether it shows what is not to be stored. None does at first.
  void hub_shows(bool shows);

  // For the Spooler.

  bool newest_first() const { return settings_.catch_up == CatchUp::newest_first; }

  struct Refused {
    common::MessagePtr message;
    std::string reason;
  };
  struct SpoolWork {
    std::vector<SpoolRow> store;       ///< to be told by stored() or not_stored()
    std::vector<Identity> remove;      ///< delivered since
    std::vector<Refused> refused;      ///< what was set aside; its row goes with that
    std::int64_t next_ns = INT64_MAX;  ///< when there will be more without anybody's doing
    bool nothing() const { return store.empty() && remove.empty() && refused.empty(); }
  };
  /// What is due for the disk now: at most kGroupBytes, or one message. `all`: whatever lies in memory only.
  SpoolWork spool_work(std::int64_t now_ns, bool all = false);
  static constexpr std::uint64_t kGroupBytes = 4 * 1024 * 1024;
  /// With as much again for a slow disk it is the 200 ms that `always` may lose.
  static constexpr std::int64_t kGroupTime = 100 * common::kMillisecond;
  static constexpr std::size_t kMaxRemovals = 256;

  void stored(const std::vector<SpoolRow>& rows);
  void not_stored(const std::vector<SpoolRow>& rows);
  /// The file is gone, with all that was in it.
  void spool_lost();

  /// Whether more of the class should be read from the spool, to be taken soon.
  bool wants_late(common::DeliveryClass delivery_class) const;
  static constexpr std::size_t kReadAheadBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kReadAheadMessages = 500;
  void add_late(common::DeliveryClass delivery_class, const std::vector<common::MessagePtr>& messages);
  /// What of the class was read from the spool and is here.
  std::set<Identity> read_ahead(common::DeliveryClass delivery_class) const;
  /// What was delivered or refused and has its row still, of all classes.
  std::vector<Identity> to_remove() const;

  /// Those that were sent and are not answered: the hub may wait for them.
  std::set<Identity> sent() const;
  /// Takes these from the spool's rows for good, to make room. Returns which may go; those that are lost by it are
  /// counted as dropped.
  std::vector<Identity> give_up(common::DeliveryClass delivery_class, const std::vector<Identity>& identities);

  /// Messages that would be lost if the program ended now.
  std::uint64_t only_in_memory() const;

  /// Called (from any thread) when spool_work() or wants_late() may have more; set once, before the first put.
  void on_spool_work(std::function<void()> wake) { wake_spooler_ = std::move(wake); }

 private:
  enum class Row { none, writing, written, given_up };
  struct Item {
    common::MessagePtr message;
    bool under_way = false;
    bool sent_once = false;  ///< the hub may wait for it (RETRY), so it is not given up and keeps its lane
    bool leaving = false;    ///< on its way from memory to the spool's lane
    Row row = Row::none;
  };
  using Items = std::deque<Item>;
  struct Place {
    Items* items = nullptr;
    Items::iterator at;
    std::size_t delivery_class = 0;
    bool live = true;
    explicit operator bool() const { return items != nullptr; }
  };

  Place find(const Identity& identity);
  const Item* next_item(common::DeliveryClass delivery_class, Lane lane) const;
  void make_room();
  static bool has_row(const Place& place);
  common::MessagePtr remove(const Place& place);
  void leave_memory(Items& items, const Items::const_iterator& at);
  bool has_spool() const { return settings_.spooling != Spooling::never; }
  static std::size_t memory_of(const common::Message& message);
  bool over_three_quarters() const;
  bool wants(std::size_t delivery_class) const;
  std::int64_t outage_at_ns() const;
  void collect_removals(SpoolWork& work, std::int64_t now_ns, bool all);
  bool group_is_due(std::int64_t now_ns, std::int64_t& next_ns) const;
  void collect(std::vector<SpoolRow>& rows, std::uint64_t& bytes, Items& items, bool leave_unsent);
  void begin_leaving(Item& item);
  void collect_overflow(std::vector<SpoolRow>& rows, std::uint64_t& bytes);

  const OutboxSettings settings_;
  std::function<void()> wake_;
  std::function<void()> wake_spooler_;

  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::array<Items, common::kDeliveryClasses> live_;
  std::array<Items, common::kDeliveryClasses> late_;  ///< read-ahead of the spool
  std::array<std::size_t, common::kDeliveryClasses> late_bytes_{};
  std::size_t leaving_bytes_ = 0;
  std::map<std::string, common::MessagePtr> unstored_;
  ShowQueue to_show_;
  bool shows_ = false;
  std::vector<Identity> remove_;
  std::vector<Refused> refused_;
  std::int64_t first_removal_ns_ = 0;
  bool answers_ = false;
  std::int64_t absent_since_ns_ = 0;
  OutboxCounts counts_;
};

}  // namespace imagenode
