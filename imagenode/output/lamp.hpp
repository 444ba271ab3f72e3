#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/thread.hpp"
#include "common/wait.hpp"
#include "imagenode/output/dusk_switch.hpp"
#include "imagenode/output/lamp_settings.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// What somebody wants of a light; `automatic` is what its settings say.
enum class LightOrder { automatic, on, off };

struct LightRequest {
  explicit LightRequest(LightOrder wanted) : order(wanted) {}
  const LightOrder order;
  std::string failure;            ///< of the light's thread, until done; empty: the light is as it was wanted
  std::atomic<bool> done{false};  ///< or given up
};

using LightRequestPtr = std::shared_ptr<LightRequest>;

/// A thread that has a light on when its settings say so, by the local time of this computer or by the word of a light
/// detector, or when somebody wants it, and off at its end. It looks at each full minute, so that a clock that is set,
/// or goes to summer time, counts at once. A change is told as `light <label>|on` or `|off`; a line that cannot be had
/// as `|lost`, tried again for ever with back-off, and told as `|back`. lost(), take() and request() are thread-safe,
/// the rest belongs to the thread that owns it.
class Lamp {
 public:
  Lamp(LampSettings settings, GpioChips chips, ReadingSink sink, const common::Clock& clock, common::Liveness& liveness,
       common::BackOff back_off = {});
  ~Lamp();
  Lamp(const Lamp&) = delete;
  Lamp& operator=(const Lamp&) = delete;

  void start();
  void request_stop();
  /// request_stop(), then waits for the thread.
  void stop();

  const LampSettings& settings() const { return settings_; }
  bool lost() const { return lost_; }

  /// An event of this node, which may be the word of the light detector.
  void take(const common::Message& event);

  /// What is wanted from now on, until something else is. Done when the light is so, or could not be made so: then all
  /// is as before.
  void request(const LightRequestPtr& wanted);

 private:
  using Entry = common::Liveness::Thread;

  void run(const std::stop_token& stop, Entry& entry);
  bool should_be_on();
  std::int64_t until_next_look() const;
  LightRequestPtr next_request();
  /// Until then, or until there is news.
  void pause(const std::stop_token& stop, Entry& entry, std::int64_t ns);
  void wake();
  /// Why the light is not as it should be now; empty when it is.
  std::string set(Entry& entry, bool on);
  void lose(const std::string& why);
  void event(const std::string& what);

  const LampSettings settings_;
  const GpioChips chips_;
  const ReadingSink sink_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  const common::BackOff back_off_;

  // Of the light's thread.
  std::unique_ptr<OutputLine> line_;
  std::optional<bool> told_;  // as it was when an event said so
  std::int64_t next_back_off_ns_;
  LightOrder order_ = LightOrder::automatic;

  mutable std::mutex mutex_;
  DuskSwitch dusk_;
  LightRequestPtr request_;  // that the thread has not seen yet
  bool has_news_ = false;
  std::stop_source pause_;  // of the pause that goes on

  std::atomic<bool> lost_{false};

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
