#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/thread.hpp"
#include "imagenode/output/action_settings.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// Since the start.
struct ActionCounts {
  std::uint64_t done = 0;  ///< dry runs too
  std::uint64_t failed = 0;
  std::uint64_t held_back = 0;
};

/// A thread that does something when an event comes, one after the other, in their order. Each execution is told as
/// `action|<label>|done`, `|failed|<reason>` or `|dry run`; what limits, a full queue or the stop held back as
/// `action|<label>|held back|<how many>`, at most once a minute. take() and counts() are thread-safe, the rest belongs
/// to the thread that owns it.
class Action {
 public:
  Action(ActionSettings settings, const DeedSeams& seams, ReadingSink sink, const common::Clock& clock,
         common::Liveness& liveness);
  ~Action();
  Action(const Action&) = delete;
  Action& operator=(const Action&) = delete;

  void start();
  void request_stop();
  /// request_stop(), waits for the thread, and tells what was held back.
  void stop();

  /// Never waits: leaves the event to the thread, when it is one that is meant and the limits allow it.
  void take(const common::MessagePtr& event);

  /// About once a second: tells what was held back.
  void tick();

  const ActionSettings& settings() const { return settings_; }
  ActionCounts counts() const;

  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr std::int64_t kTellEvery = 60 * common::kSecond;

 private:
  using Entry = common::Liveness::Thread;

  /// Why, by the name of the field in which it is told.
  using HeldBack = std::map<std::string, std::uint64_t>;

  void run(const std::stop_token& stop, Entry& entry);
  common::MessagePtr next(const std::stop_token& stop, Entry& entry);
  void carry_out(const common::Message& event, const std::stop_token& stop, Entry& entry);
  void tell_held_back(bool is_end);
  void tell(const std::string& outcome, std::map<std::string, double> fields);

  const ActionSettings settings_;
  const std::unique_ptr<Deed> deed_;
  const ReadingSink sink_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  bool failing_ = false;  // of the action's thread

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ActionLimits limits_;
  std::deque<common::MessagePtr> waiting_;
  HeldBack held_back_;                         // and not told yet
  std::optional<std::int64_t> held_since_ns_;  // the first of them
  ActionCounts counts_;
  bool ended_ = false;

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
