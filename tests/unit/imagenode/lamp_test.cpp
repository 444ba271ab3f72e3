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
  auto lamps = read_lamps(root, {{"P1", "door", 1}, {"P2", "yard", 0}});
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
  Lamp& lamp() { return lamp_; }

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
        if (!stop.stop_requested()) clock.advance(ns);  // else there was news
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

/// The word of a light detector.
common::Message word(const std::string& view, const std::string& what, const std::string& source = "") {
  common::Message event;
  event.text = "Barn " + view + "|light|" + what;
  event.view = view;
  event.source = source;
  return event;
}

LightRequestPtr wanted(Lamp& lamp, LightOrder order) {
  auto request = std::make_shared<LightRequest>(order);
  lamp.request(request);
  return request;
}

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
  CHECK_THAT(problems("  L1: {on: evening}\n"), ContainsSubstring("on: evening is neither continuous, dark nor times"));
  CHECK_THAT(problems("  L1: {name: a}\n  L2: {name: b}\n"), ContainsSubstring("18 is the line of another light"));
  CHECK_THAT(problems("  L1: {name: 'a|b'}\n"), ContainsSubstring("may hold |"));
}

TEST_CASE("a light in the dark follows the word of its view, and is off without one") {
  Stage* at = nullptr;
  Stage stage("on: dark, view: door, hold: 0", 6, [&](int wait) {
    if (wait == 2) at->lamp().take(word("door", "dark"));
    if (wait == 4) at->lamp().take(word("door", "lighted|lamp"));
  });
  at = &stage;
  stage.run();
  CHECK(stage.on() == std::vector<bool>{false, false, true, true, false, false});
  CHECK(stage.told() == Told{"light L1|off", "light L1|on", "light L1|off"});
}

TEST_CASE("the word of another view, detector or sensor is none for a light") {
  Stage* at = nullptr;
  Stage stage("on: dark, hold: 0", 3, [&](int wait) {
    if (wait != 1) return;
    at->lamp().take(word("yard", "dark"));
    at->lamp().take(word("door", "dark", "M1"));
    at->lamp().take(word("door", "bright"));
    common::Message motion = word("door", "dark");
    motion.text = "Barn door|motion|dark";
    at->lamp().take(motion);
  });
  at = &stage;
  stage.run();
  CHECK(stage.on() == std::vector<bool>{false, false, false});
}

TEST_CASE("a light stays on for as long as it is held, and goes off then, not at the full minute") {
  Stage* at = nullptr;
  Stage stage("on: dark, hold: 90s", 5, [&](int wait) {
    if (wait == 1) at->lamp().take(word("door", "dark"));
    if (wait == 2) at->lamp().take(word("door", "lighted"));
  });
  at = &stage;
  stage.run();
  CHECK(stage.on() == std::vector<bool>{false, true, true, true, false});
  // The second pause ends with the news; then come the full minute, and the rest of the 90 s.
  CHECK(stage.waits()[2] + stage.waits()[3] == 90);
}

TEST_CASE("a light is as somebody wants it until it is as its settings say again") {
  Stage* at = nullptr;
  std::vector<LightRequestPtr> requests;
  Stage stage("on: dark, hold: 0", 6, [&](int wait) {
    if (wait == 1) requests.push_back(wanted(at->lamp(), LightOrder::on));
    if (wait == 2) at->lamp().take(word("door", "dark"));
    if (wait == 3) requests.push_back(wanted(at->lamp(), LightOrder::off));
    if (wait == 5) requests.push_back(wanted(at->lamp(), LightOrder::automatic));
  });
  at = &stage;
  stage.run();
  CHECK(stage.on() == std::vector<bool>{false, true, true, false, false, true});
  for (const auto& request : requests) {
    CHECK(request->done);
    CHECK(request->failure.empty());
  }
}

TEST_CASE("what is wanted of a light without a chip has failed, and is not done later") {
  Stage* at = nullptr;
  LightRequestPtr request;
  Stage stage("on: dark", 3, [&](int wait) {
    if (wait == 1) request = wanted(at->lamp(), LightOrder::on);
    if (wait == 2) at->line().fails = false;
  });
  at = &stage;
  stage.line().fails = true;
  stage.run();
  CHECK(request->done);
  CHECK(request->failure == "in use, or broken");
  CHECK_FALSE(stage.lamp().lost());
  CHECK_FALSE(stage.on().back());
}

TEST_CASE("of two wishes before the light could follow the newest counts") {
  FakeGpio gpio;
  const FakeClock clock;
  common::Liveness liveness;
  Lamp lamp(
      settings("  L1: {on: continuous}\n").front(), gpio.chips(), [](const Reading&) {}, clock, liveness);
  const auto first = wanted(lamp, LightOrder::off);
  const auto second = wanted(lamp, LightOrder::on);
  CHECK(first->done);
  CHECK_THAT(first->failure, ContainsSubstring("something else was wanted"));
  CHECK_FALSE(second->done);
}

TEST_CASE("on: dark needs a view with one light detector") {
  const auto problems_with = [](const KnownViews& views, const std::string& keys) -> std::string {
    auto file = common::SettingsFile::parse("lights: {L1: {on: Dark" + keys + "}}\n", "imagenode.yaml");
    auto root = file.root();
    read_lamps(root, views);
    try {
      file.finish();
    } catch (const common::SettingsError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(problems_with({{"P1", "", 1}, {"P2", "yard", 0}}, "").empty());
  CHECK(problems_with({{"P1", "door", 1}, {"P2", "yard", 1}}, ", view: yard").empty());
  CHECK(problems_with({{"P1", "door", 1}, {"P2", "yard", 1}}, ", view: P1").empty());
  CHECK_THAT(problems_with({{"P1", "door", 0}}, ""), ContainsSubstring("dark needs a camera with the detector light"));
  CHECK_THAT(problems_with({}, ""), ContainsSubstring("dark needs a camera"));
  CHECK_THAT(problems_with({{"P1", "door", 1}, {"P2", "yard", 1}}, ""), ContainsSubstring("say by view"));
  CHECK_THAT(problems_with({{"P1", "door", 1}}, ", view: attic"), ContainsSubstring("attic is neither"));
  CHECK_THAT(problems_with({{"P1", "door", 2}}, ""), ContainsSubstring("has 2 detectors of type light"));
  CHECK_THAT(problems_with({{"P1", "door", 0}}, ", view: door"), ContainsSubstring("has 0 detectors of type light"));
  CHECK_THAT(problems("  L1: {hold: 1m}\n"), ContainsSubstring("hold: has a meaning only with on: dark"));
  CHECK(settings("  L1: {on: dark}\n").front().dark->hold_s == 60);
}
