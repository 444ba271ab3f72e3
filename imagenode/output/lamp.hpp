#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/thread.hpp"
#include "common/wait.hpp"
#include "imagenode/output/lamp_settings.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// A thread that has a light on when its timetable says so, by the local time of this computer, and off at its end. It
/// looks at each full minute, so that a clock that is set, or goes to summer time, counts at once. A change is told as
/// `light <label>|on` or `|off`; a line that cannot be had as `|lost`, tried again for ever with back-off, and told as
/// `|back`. lost() is thread-safe, the rest belongs to the thread that owns it.
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

 private:
  using Entry = common::Liveness::Thread;

  void run(const std::stop_token& stop, Entry& entry);
  /// Whether the light is as it should be now.
  bool set(Entry& entry, bool on);
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

  std::atomic<bool> lost_{false};

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
