#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/message.hpp"
#include "common/thread.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/held_lanes.hpp"

namespace imagehub {

/// What became of a message. `waits` is said once of a plain sender's that cannot be stored now, and is not the last
/// word; `dropped` follows give_up().
struct Outcome {
  enum class Kind { stored, retry, reject, waits, dropped };
  static constexpr const char* kDiskFull = "disk full";  ///< a reason
  Kind kind = Kind::stored;
  std::string reason;  ///< one of a small fixed set, fit for counting
  std::string detail;  ///< what a person wants to know beside it; may be empty
};

/// Identifies a request to whoever submitted it.
using Ticket = std::uint64_t;

/// A message as it came in.
struct Received {
  common::MessagePtr message;
  std::int64_t monotonic_ns = 0;  ///< when it was received
  std::string connection;         ///< tells one connection of a sender from the next
  bool sender_waits = true;       ///< false for a publisher's: what cannot be stored now is dropped, not tried again
  std::optional<Ticket> ticket;   ///< nothing for the hub's own events: nobody waits for the outcome
};

struct FilingSettings {
  int writers = 4;  ///< whatever the number of cores: they wait for the disk
};

/// Files messages: a pool of writers brings payloads to the disk, one thread commits what is ready, a group at a time,
/// and only then tells the outcome. Keeps the contract's order: within one boot, class and lane messages are committed
/// in the order in which they came. submit() and drain() are thread-safe; outcomes come on Filing's threads.
///
/// A sender that gave boot and seq is told RETRY when its message cannot be stored now; a plain one is not answered,
/// and its message tried again (1 s doubling to 60 s, and at once when there is room again) until it can be, or
/// give_up(). What a publisher sent gives way to images that wait for room: nobody waits with it.
class Filing {
 public:
  using Report = std::function<void(Ticket, const Outcome&)>;

  Filing(const FilingSettings& settings, Committer& committer, const common::Clock& clock, common::Liveness& liveness,
         Report report);
  /// Stops without waiting for what is still queued; drain() first.
  ~Filing();
  Filing(const Filing&) = delete;
  Filing& operator=(const Filing&) = delete;

  void submit(Received received);

  /// Runs a short task on the thread that commits, between two groups, and waits for its end: the index belongs to that
  /// thread. What the task throws comes out here. Not from Filing's own threads, and not after the destructor began.
  void between_groups(std::function<void()> task);

  /// The same without waiting; what the task throws is dropped.
  void soon(std::function<void()> task);

  /// There is room on the disk: tries at once what plain senders wait for because there was none. Costs nothing while
  /// nobody waits; to be called as long as there is room, since what is being tried right now may still fail.
  void retry_now();

  /// Nobody waits any more for this message of a plain sender, which could not be stored so far: it is dropped, unless
  /// an attempt that is under way stores it.
  void give_up(Ticket ticket, const std::string& reason);

  /// Waits until all that was submitted has an outcome, except plain messages that cannot be stored now, or until the
  /// time is over. Returns whether all is done.
  bool drain(std::int64_t timeout_ns);

  /// What SQLite said when it called the index damaged. Nothing can be stored then: senders are told RETRY.
  std::optional<std::string> index_damage() const;

  /// Bytes of payload that were submitted and have no outcome yet.
  std::uint64_t queued_bytes() const;

 private:
  enum class State { writing, ready, failed };

  struct Item {
    Received received;
    LaneKey lane;
    Candidate candidate;
    State state = State::writing;  ///< guarded by the mutex
    std::string incoming;          ///< name under which the next attempt is written
    bool written = false;          ///< this attempt has not failed so far
    Outcome failure;               ///< why it could not be written
    bool behind_failed = false;    ///< an earlier one of its lane failed while this one was being filed
    std::vector<Ticket> waiting;   ///< those who sent the same message again while it was being filed
    std::int64_t try_again_ns = 0;
    int tries = 0;
    bool wants_room = false;                ///< failed for want of room on the disk
    bool gives_way = false;                 ///< a publisher's, while others wait for room
    std::optional<std::string> given_up{};  ///< why it is dropped instead of tried again
  };
  using ItemPtr = std::shared_ptr<Item>;

  struct Lane {
    std::deque<ItemPtr> items;
  };

  void write_loop(const std::stop_token& stop, common::Liveness::Thread& self);
  void commit_loop(const std::stop_token& stop, common::Liveness::Thread& self);
  std::vector<ItemPtr> take_to_write();
  void write(Item& item) const;
  void sync(Item& item) const;
  std::vector<ItemPtr> wait_for_group(const std::stop_token& stop, common::Liveness::Thread& self);
  std::future<void> enqueue_task(std::function<void()> task);
  void run_task();
  void collect_ready(std::vector<ItemPtr>& group);
  void resubmit_due(std::int64_t now_ns);
  void commit(const std::vector<ItemPtr>& group);
  void fail(const ItemPtr& item, const Outcome& why);
  std::optional<std::string> wait_to_retry(const ItemPtr& item, const Outcome& why);
  void note_damage(const std::exception& error);
  void hold_lane(const Item& failed);
  void finish(const ItemPtr& item, const Outcome& outcome);
  void enqueue(const ItemPtr& item);

  Committer& committer_;
  const common::Clock& clock_;
  Report report_;
  common::RateGate gate_{common::kSecond};

  mutable std::mutex mutex_;
  std::condition_variable_any to_write_changed_;
  std::condition_variable_any ready_changed_;
  std::condition_variable_any emptied_;
  std::deque<ItemPtr> to_write_;
  std::map<LaneKey, Lane> lanes_;
  LaneKey last_collected_;  ///< the next group begins behind this lane, so that each has its turn
  HeldLanes held_;
  std::map<Identity, ItemPtr> in_flight_;
  std::vector<ItemPtr> waiting_to_retry_;
  std::map<Ticket, ItemPtr> patient_;  ///< plain senders' that failed so far, also while they are tried again
  std::size_t wait_for_room_ = 0;      ///< of these, those that want room
  std::deque<std::packaged_task<void()>> tasks_;
  std::optional<std::string> index_damage_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t unanswered_ = 0;  ///< items without an outcome, those that wait to be tried again left out
  std::uint64_t last_incoming_ = 0;
  std::size_t writers_ = 0;
  std::uint64_t last_lane_ = 0;

  std::vector<std::jthread> threads_;
};

}  // namespace imagehub
