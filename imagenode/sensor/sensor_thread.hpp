#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/thread.hpp"
#include "common/wait.hpp"
#include "imagenode/detect/reading_watch.hpp"
#include "imagenode/reading/reading.hpp"
#include "imagenode/sensor/sensor_settings.hpp"

namespace imagenode {

/// A thread that reads one sensor again and again. Each reading goes to the sink; its text stays only when it is to be
/// sent: the first, and those in which a value has changed by min_difference since it was last sent. All are judged by
/// the sensor's detectors, whose events go to the sink too. A sensor that cannot be read is told as `sensor
/// <label>|lost`, tried again for ever with back-off, and told as `|back`. lost() is thread-safe, the rest belongs to
/// the thread that owns it.
class SensorThread {
 public:
  SensorThread(SensorSettings settings, std::unique_ptr<Sensor> sensor, ReadingSink sink, const common::Clock& clock,
               common::Liveness& liveness, common::BackOff back_off = {});
  ~SensorThread();
  SensorThread(const SensorThread&) = delete;
  SensorThread& operator=(const SensorThread&) = delete;

  /// Before start(): detectors go on from what those of this one, which has stopped, have told.
  void succeed(const SensorThread& before) { watch_.succeed(before.watch_); }
  void start();
  void request_stop();
  /// request_stop(), then waits for the thread.
  void stop();

  /// Once a second: for what detectors see in time alone, such as silence.
  void tick() { watch_.pass(); }

  const SensorSettings& settings() const { return settings_; }
  bool lost() const { return lost_; }

 private:
  using Entry = common::Liveness::Thread;

  void run(const std::stop_token& stop, Entry& entry);
  using Work = std::function<std::vector<Reading>()>;
  /// Has the sensor work and hands on what came; false when it cannot.
  bool take(const std::stop_token& stop, Entry& entry, const Work& work);
  /// Until the next reading; the same.
  bool wait(const std::stop_token& stop, Entry& entry, std::int64_t until_ns);
  bool is_due(const Reading& reading) const;
  void hand_on(Reading reading);
  void lose(const std::string& why);
  void back();
  void event(const std::string& what);
  void give(Reading reading);

  const SensorSettings settings_;
  const std::unique_ptr<Sensor> sensor_;
  const ReadingSink sink_;
  ReadingWatch watch_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  const common::BackOff back_off_;

  // Of the sensor's thread.
  std::map<std::string, double> sent_;  // by field, as judged
  std::int64_t next_back_off_ns_;
  bool failing_ = false;

  std::atomic<bool> lost_{false};

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
