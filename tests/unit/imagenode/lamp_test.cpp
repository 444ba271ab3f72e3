#include <chrono>
#include <condition_variable>
#include <mutex>

#include "catch.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "fake_gpio.hpp"
#include "imagenode/output/lamp.hpp"

using namespace imagenode;

namespace {

std::vector<LampSettings> settings(const std::string& lights) {
  auto file = common::SettingsFile::parse("lights:\n" + lights, "imagenode.yaml");
  auto root = file.root();
  auto lamps = read_lamps(root);
  file.finish();
  return lamps;
}

std::string problems(const std::string& lights) {
  try {
    settings(lights);
  } catch (const common::SettingsError& error) {
    return error.what();
  }
  return "";
}

using Told = std::vector<std::string>;

/// A light of memory on pin 18, and a clock that goes on as the light waits, so many times; then it waits for its end.
class Stage {
 public:
  /// `before_wait` gets the number of the wait, and may change the chip.
  using BeforeWait = std::function<void(int wait)>;

  Stage(
      const std::string& keys, int waits, BeforeWait before_wait = [](int) {})
      : left_(waits),
        before_wait_(std::move(before_wait)),
        lamp_(settings("  L1: {" + keys + "}\n").front(), gpio.chips(),
              [this](const Reading& r) { told_.push_back(r.text); }, clock, liveness_,
              {common::kSecond, 60 * common::kSecond, [this](const auto& stop, std::int64_t ns) { wait(stop, ns); }}) {}

  void run() {
    lamp_.start();
    std::unique_lock lock(mutex_);
    const bool done = changed_.wait_for(lock, std::chrono::seconds(20), [this] { return left_ == 0; });
    lock.unlock();
    lamp_.stop();
    REQUIRE(done);
  }

  FakeGpio::Line& line() { return gpio.line(18); }
  const Told& told() const { return told_; }
  /// Whether it was on at each wait.
  const std::vector<bool>& on() const { return on_; }
  const std::vector<std::int64_t>& waits() const { return waits_; }  // in s
  const Lamp& lamp() const { return lamp_; }

  FakeGpio gpio;
  FakeClock clock;

 private:
  void wait(const std::stop_token& stop, std::int64_t ns) {
    {
      const std::lock_guard lock(mutex_);
      if (left_ > 0) {
        on_.push_back(line().active);
        waits_.push_back(ns / common::kSecond);
        before_wait_(static_cast<int>(waits_.size()));
        clock.advance(ns);
        --left_;
        changed_.notify_all();
        return;
      }
    }
    common::wait_for_real(stop, 60 * common::kSecond);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int left_;
  const BeforeWait before_wait_;
  Told told_;
  std::vector<bool> on_;
  std::vector<std::int64_t> waits_;
  common::Liveness liveness_;
  Lamp lamp_;
};

/// "5:07", local, so many minutes after the moment.
std::string clock_time(std::int64_t utc_ns, int minutes) {
  const int minute = (common::minute_of_local_day(utc_ns) + minutes) % (24 * 60);
  return common::cat(minute / 60, minute % 60 < 10 ? ":0" : ":", minute % 60);
}

}  // namespace

TEST_CASE("a continuous light is on until the node ends, and then off") {
  Stage stage("name: floodlight, gpio: 18, on: continuous", 3);
  stage.run();
  CHECK(stage.on() == std::vector<bool>{true, true, true});
  CHECK_FALSE(stage.line().active);
  CHECK_FALSE(stage.line().is_taken);
  CHECK(stage.told() == Told{"light L1|on", "light L1|off"});
}

TEST_CASE("a light follows its timetable at the full minute") {
  const std::int64_t now_ns = FakeClock().utc_ns();
  Stage stage("on: " + clock_time(now_ns, 2) + '-' + clock_time(now_ns, 4), 6);
  stage.run();
  CHECK(stage.on() == std::vector<bool>{false, false, true, true, false, false});
  CHECK(stage.told() == Told{"light L1|off", "light L1|on", "light L1|off"});
  for (std::size_t i = 1; i < stage.waits().size(); ++i) CHECK(stage.waits()[i] == 60);
}

TEST_CASE("a light without a chip is told as lost, tried with growing patience, and told as back") {
  Stage* at = nullptr;
  const auto chips = FakeGpio().all;
  Stage stage("on: continuous", 5, [&](int wait) {
    if (wait == 3) at->gpio.all = chips;
    if (wait == 4) at->line().fails = true;  // which is seen when it is set the next time
  });
  at = &stage;
  stage.gpio.all.front().lines[18].fails = true;
  stage.run();
  CHECK(stage.waits()[0] == 1);
  CHECK(stage.waits()[1] == 2);
  CHECK(stage.waits()[2] == 4);
  CHECK(stage.told() == Told{"light L1|lost", "light L1|back", "light L1|on", "light L1|lost"});
  CHECK(stage.lamp().lost());
}

TEST_CASE("a light has the keys and defaults of the Python node") {
  const auto plain = settings("  L1:\n    on: continuous\n").front();
  CHECK(plain.name == "L1");
  CHECK(plain.address.line == "18");
  CHECK_FALSE(plain.address.active_low);
  const auto full =
      settings("  L1:\n    name: floodlight\n    gpio: 24\n    on: (11pm-5am)\n    active_low: True\n").front();
  CHECK(full.name == "floodlight");
  CHECK(full.address.line == "24");
  CHECK(full.address.active_low);
  CHECK(full.on.is_on(0));
  CHECK_FALSE(full.on.is_on(12 * 60));
  CHECK(settings("  L1: {on: [(11pm-5am), (6am-7am)]}\n").front().on.is_on(6 * 60));
}

TEST_CASE("times that are none, and a pin of two lights, are refused") {
  CHECK_THAT(problems("  L1: {on: evening}\n"), ContainsSubstring("on: evening is neither continuous nor times"));
  CHECK_THAT(problems("  L1: {name: a}\n  L2: {name: b}\n"), ContainsSubstring("18 is the line of another light"));
  CHECK_THAT(problems("  L1: {name: 'a|b'}\n"), ContainsSubstring("may hold |"));
}
