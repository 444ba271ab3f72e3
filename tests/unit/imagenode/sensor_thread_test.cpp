#include "imagenode/sensor/sensor_thread.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>

#include "catch.hpp"
#include "fake_clock.hpp"
#include "reading_fixture.hpp"

using namespace imagenode;

namespace {

/// A number is read; nothing is a sensor that is not there.
using Step = std::optional<double>;

class ScriptedSensor final : public Sensor {
 public:
  ScriptedSensor(std::deque<Step> script, FakeClock& clock) : script_(std::move(script)), clock_(clock) {}

  std::vector<Reading> read(const std::stop_token& stop) override {
    if (script_.empty()) {
      common::wait_for_real(stop, 60 * common::kSecond);
      throw SensorError("stopped");
    }
    const Step step = script_.front();
    script_.pop_front();
    clock_.advance(common::kSecond);  // so long it takes
    if (!step) throw SensorError("unplugged");
    Reading reading;
    reading.fields["value"] = *step;
    reading.text = "Temp|" + std::to_string(std::lround(*step * 10));
    return {reading};
  }
  double judged(double value) const override { return std::round(value * 10) / 10; }

 private:
  std::deque<Step> script_;
  FakeClock& clock_;
};

SensorSettings settings() {
  SensorSettings made;
  made.label = "S1";
  made.name = "Coop";
  made.interval_s = 10;
  return made;
}

/// A sensor on a script, all that it gave, and how long it waited. It waits by moving the clock.
class Stage {
 public:
  explicit Stage(std::deque<Step> script, const SensorSettings& given = settings())
      : expected_(script.size()),
        thread_(
            given, std::make_unique<ScriptedSensor>(std::move(script), clock), [this](const Reading& r) { take(r); },
            clock, liveness_,
            {common::kSecond, 60 * common::kSecond, [this](const std::stop_token&, std::int64_t ns) { wait(ns); }}) {
    thread_.start();
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return waits_.size() >= expected_; }));
  }

  /// Texts of what was to be told; what was only read is left out.
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> texts;
    for (const Reading& reading : given_) {
      if (!reading.text.empty()) texts.push_back(reading.text);
    }
    return texts;
  }
  std::vector<Reading> given() {
    const std::lock_guard lock(mutex_);
    return given_;
  }
  std::vector<std::int64_t> waits() {
    const std::lock_guard lock(mutex_);
    return waits_;
  }
  SensorThread& thread() { return thread_; }

  FakeClock clock;

 private:
  void take(const Reading& reading) {
    const std::lock_guard lock(mutex_);
    given_.push_back(reading);
  }
  void wait(std::int64_t ns) {
    clock.advance(ns);
    {
      const std::lock_guard lock(mutex_);
      waits_.push_back(ns / common::kSecond);
    }
    changed_.notify_all();
  }

  const std::size_t expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reading> given_;
  std::vector<std::int64_t> waits_;
  common::Liveness liveness_;
  SensorThread thread_;
};

using Told = std::vector<std::string>;
constexpr Step kAbsent = std::nullopt;

}  // namespace

TEST_CASE("the first reading is told, then those that differ enough from the last that was told") {
  // Each is near the one before; the fourth has come far enough from the first.
  Stage stage({20.0, 20.5, 20.9, 21.0, 20.5, 20.1, 20.0});
  CHECK(stage.told() == Told{"Temp|200", "Temp|210", "Temp|200"});
}

TEST_CASE("readings are compared as their texts show them") {
  // 74.24 is told as 74.2, and 75.16 as 75.2: a whole degree, though they differ by less.
  Stage stage({74.24, 75.16});
  CHECK(stage.told() == Told{"Temp|742", "Temp|752"});
}

TEST_CASE("with min_difference 0 every reading is told") {
  SensorSettings all = settings();
  all.min_difference = 0;
  Stage stage({20.0, 20.0, 20.0}, all);
  CHECK(stage.told().size() == 3);
}

TEST_CASE("readings that are not told reach those who judge them") {
  Stage stage({20.0, 20.5});
  const auto given = stage.given();
  REQUIRE(given.size() == 2);
  CHECK(given[1].text.empty());
  CHECK(given[1].source == "S1");
  CHECK(given[1].fields.at("value") == 20.5);
  CHECK(given[1].time_ns - given[0].time_ns == 10 * common::kSecond);
  CHECK(given[1].monotonic_ns - given[0].monotonic_ns == 10 * common::kSecond);
}

TEST_CASE("every reading is judged by the detectors, told or not, and its event comes behind it") {
  SensorSettings watched = settings();
  watched.detectors = ReadingBench::settings("warm: {type: threshold, above: 20.4}, gone: {type: missing, after: 30s}");
  Stage stage({20.0, 20.5, 22.0, 20.0, kAbsent}, watched);
  CHECK(stage.told() ==
        Told{"Temp|200", "warm|value|above", "Temp|220", "Temp|200", "warm|value|normal", "sensor S1|lost"});
  const auto given = stage.given();
  const auto event = std::find_if(given.begin(), given.end(), [](const Reading& one) { return one.sender_is_source; });
  REQUIRE(event != given.end());
  CHECK(event->source == "S1");
  CHECK(event->time_ns == given[1].time_ns);
  // It is lost, and waits; the clock of main goes on.
  stage.clock.advance(30 * common::kSecond);
  stage.thread().tick();
  CHECK(stage.told().back() == "gone|S1|missing");
}

TEST_CASE("the interval runs from reading to reading, however long reading takes") {
  Stage stage({20.0, 20.0});
  CHECK(stage.waits() == std::vector<std::int64_t>{9, 9});
}

TEST_CASE("a sensor that is not there is told once, tried with growing patience, and told as back") {
  Stage stage({kAbsent, kAbsent, kAbsent, 20.0, kAbsent, 20.2});
  CHECK(stage.told() == Told{"sensor S1|lost", "sensor S1|back", "Temp|200", "sensor S1|lost", "sensor S1|back"});
  CHECK(stage.waits() == std::vector<std::int64_t>{1, 2, 4, 9, 1, 9});
  CHECK_FALSE(stage.thread().lost());
}

TEST_CASE("the pause of a lost sensor grows to a minute") {
  Stage stage({kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent});
  CHECK(stage.waits() == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60});
  CHECK(stage.thread().lost());
}

TEST_CASE("with log_name every text ends with the name") {
  SensorSettings named = settings();
  named.log_name = true;
  Stage stage({kAbsent, 20.0}, named);
  CHECK(stage.told() == Told{"sensor S1|lost|Coop", "sensor S1|back|Coop", "Temp|200|Coop"});
}

TEST_CASE("what is no finite number is no reading") {
  Stage stage({std::numeric_limits<double>::infinity(), 20.0});
  CHECK(stage.told() == Told{"sensor S1|lost", "sensor S1|back", "Temp|200"});
}

TEST_CASE("a stop ends a sensor in the middle of its reading, without a word") {
  Stage stage({20.0});
  stage.thread().stop();
  CHECK(stage.told() == Told{"Temp|200"});
}

namespace {

/// Sees something half a second before it says so, twice; then the chip goes, and is back.
class Watcher final : public Sensor {
 public:
  explicit Watcher(FakeClock& clock) : clock_(clock) {}

  std::vector<Reading> read(const std::stop_token&) override { return {reading(0)}; }
  bool watches() const override { return true; }
  std::vector<Reading> watch(const std::stop_token& stop, std::int64_t until_ns) override {
    ++count_;
    if (count_ == 3) {
      clock_.advance(until_ns - clock_.monotonic_ns());
      return {};
    }
    if (count_ == 4) throw SensorError("unplugged");
    if (count_ > 4) {
      common::wait_for_real(stop, 60 * common::kSecond);
      return count_ == 5 ? std::vector{reading(9)} : std::vector<Reading>{};
    }
    clock_.advance(common::kSecond);
    Reading seen = reading(count_);
    seen.monotonic_ns = clock_.monotonic_ns() - common::kSecond / 2;
    return {seen};
  }

 private:
  static Reading reading(int value) {
    Reading made;
    made.fields["state"] = value;
    made.text = value == 2 ? "" : "state|" + std::to_string(value);
    return made;
  }

  FakeClock& clock_;
  int count_ = 0;
};

}  // namespace

TEST_CASE("a sensor that watches is asked again until its interval ends, and gives what it has at a stop") {
  FakeClock clock;
  common::Liveness liveness;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Reading> given;
  SensorSettings named = settings();
  named.log_name = true;
  const std::int64_t begin_ns = clock.utc_ns();
  SensorThread thread(named, std::make_unique<Watcher>(clock),
                      [&](const Reading& reading) {
                        const std::lock_guard lock(mutex);
                        given.push_back(reading);
                        changed.notify_all();
                      },
                      clock, liveness, {common::kSecond, common::kSecond, [](const std::stop_token&, std::int64_t) {}});
  thread.start();
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return given.size() >= 7; }));
  }
  thread.stop();
  Told told;
  for (const Reading& reading : given) told.push_back(reading.text);
  // What is not to be told has no name behind it either.
  CHECK(told == Told{"state|0|Coop", "state|1|Coop", "", "state|0|Coop", "sensor S1|lost|Coop", "sensor S1|back|Coop",
                     "", "state|9|Coop"});
  CHECK(given[1].time_ns - begin_ns == common::kSecond / 2);
  CHECK(given[2].time_ns - begin_ns == 3 * common::kSecond / 2);
  CHECK(given[3].time_ns - begin_ns == 10 * common::kSecond);
}
