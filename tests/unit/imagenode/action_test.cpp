#include <future>
#include <stdexcept>
#include <utility>

#include "action_bench.hpp"
#include "catch.hpp"

using namespace imagenode;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kMoving = "Barn door|motion|moving";

/// Frames that are not sent until a test lets go.
class Gate {
 public:
  AskForFrames frames() {
    return [this](const std::string&) -> FramesProgress {
      begun_.set_value();
      open_.get_future().wait();
      return [] { return std::optional<std::string>(""); };
    };
  }
  void wait_until_begun() { begun_.get_future().wait(); }
  void open() { open_.set_value(); }

 private:
  std::promise<void> begun_;
  std::promise<void> open_;
};

}  // namespace

TEST_CASE("an action is carried out when its event comes, and told") {
  ActionBench bench({"siren: {when: '*|motion|moving', type: gpio, gpio: 23, set: on}"});
  bench.start();
  bench.happens("Barn door|motion|still");
  bench.happens(kMoving);
  CHECK(bench.told(1) == Texts{"action|siren|done"});
  CHECK(bench.line(23).active);
  CHECK(bench.last().source == "siren");
  CHECK(bench.last().units.at("took") == "s");
  CHECK(bench.counts("siren").done == 1);
  CHECK(bench.counts("siren").failed == 0);
  CHECK(bench.counts("siren").held_back == 0);
}

TEST_CASE("any of several patterns will do, and each action has its own") {
  ActionBench bench({"a: {when: ['*|motion|*', '*|light|dark'], type: gpio, gpio: 1, set: on}",
                     "b: {when: '*|light|*', type: gpio, gpio: 2, set: on}"});
  bench.start();
  bench.happens("Barn door|light|dark");
  bench.told(2);
  bench.happens(kMoving);
  bench.told(3);
  CHECK(bench.counts("a").done == 2);
  CHECK(bench.counts("b").done == 1);
}

TEST_CASE("pictures and rows are no events, and what actions tell brings about nothing") {
  ActionBench bench({"all: {when: '*', type: gpio, gpio: 23, set: on}"});
  bench.start();
  for (const char* text : {"Barn door|jpg", "Barn door|image", "Barn|data|weather", "Barn|Heartbeat", "ROI",
                           "Barn|action|all|done", "Barn|action|other|failed|no luck"}) {
    bench.happens(text);
  }
  bench.happens("Barn|Temp|75 F");
  CHECK(bench.told(1) == Texts{"action|all|done"});
  bench.stop();
  CHECK(bench.told(1).size() == 1);
}

TEST_CASE("what one action switched on another switches off, and a stop does") {
  ActionBench bench({"on: {when: '*|moving', type: gpio, gpio: 23, set: on}",
                     "off: {when: '*|still', type: gpio, gpio: 23, set: off}"});
  bench.start();
  bench.happens(kMoving);
  bench.told(1);
  CHECK(bench.line(23).active);
  bench.happens("Barn door|motion|still");
  bench.told(2);
  CHECK_FALSE(bench.line(23).active);
  bench.happens(kMoving);
  bench.told(3);
  CHECK(bench.line(23).active);
  bench.stop();
  CHECK_FALSE(bench.line(23).active);
  CHECK_FALSE(bench.line(23).is_taken);
}

TEST_CASE("a pulse lasts as long as it should") {
  ActionBench bench({"feeder: {when: '*|moving', type: gpio, gpio: 23, pulse: 800ms}"});
  std::vector<std::pair<std::int64_t, bool>> waits;
  bench.wait = [&](const std::stop_token&, std::int64_t ns) {
    waits.emplace_back(ns / common::kMillisecond, bench.line(23).active);
  };
  bench.start();
  bench.happens(kMoving);
  CHECK(bench.told(1) == Texts{"action|feeder|done"});
  CHECK(waits == std::vector<std::pair<std::int64_t, bool>>{{800, true}});
  CHECK_FALSE(bench.line(23).active);
}

TEST_CASE("at a stop a pulse goes on for a second at most") {
  ActionBench bench({"siren: {when: '*|moving', type: gpio, gpio: 23, pulse: 10m}"});
  std::promise<void> begun;
  std::vector<std::pair<std::int64_t, bool>> rests;
  bench.wait = [&](const std::stop_token& stop, std::int64_t ns) {
    if (stop.stop_possible()) {
      begun.set_value();
      common::wait_for_real(stop, ns);
    } else {
      rests.emplace_back(ns, bench.line(23).active);
    }
  };
  bench.start();
  bench.happens(kMoving);
  begun.get_future().wait();
  bench.stop();
  CHECK(rests == std::vector<std::pair<std::int64_t, bool>>{{common::kSecond, true}});
  CHECK_FALSE(bench.line(23).active);
  CHECK(bench.told(1) == Texts{"action|siren|done"});
}

TEST_CASE("a pulse does not end what another action has switched on since") {
  ActionBench bench({"blink: {when: '*|moving', type: gpio, gpio: 23, pulse: 1s}",
                     "on: {when: '*|pressed', type: gpio, gpio: 23, set: on}"});
  std::promise<void> begun;
  std::promise<void> go_on;
  bench.wait = [&](const std::stop_token&, std::int64_t) {
    begun.set_value();
    go_on.get_future().wait();
  };
  bench.start();
  bench.happens(kMoving);
  begun.get_future().wait();
  bench.happens("Barn|button|pressed");
  CHECK(bench.told(1) == Texts{"action|on|done"});
  go_on.set_value();
  CHECK(bench.told(2) == Texts{"action|on|done", "action|blink|done"});
  CHECK(bench.line(23).active);
}

TEST_CASE("a pin is off from the start on, and one that cannot be had fails with the reason") {
  ActionBench bench({"siren: {when: '*|moving', type: gpio, gpio: 23, set: on}"});
  bench.line(23).fails = true;
  bench.start();
  bench.happens(kMoving);
  CHECK(bench.told(1) == Texts{"action|siren|failed|in use, or broken"});
  bench.line(23).fails = false;
  bench.happens(kMoving);
  CHECK(bench.told(2).back() == "action|siren|done");
  bench.line(23).fails = true;
  bench.happens(kMoving);
  CHECK(bench.told(3).back() == "action|siren|failed|the line has gone");
  bench.line(23).fails = false;
  bench.happens(kMoving);
  CHECK(bench.told(4).back() == "action|siren|done");
  CHECK(bench.counts("siren").failed == 2);
}

TEST_CASE("events during the cool-down are held back, counted, and told once a minute") {
  ActionBench bench({"siren: {when: '*|moving', type: gpio, gpio: 23, set: on, cool_down: 10s}"});
  bench.start();
  bench.happens(kMoving);
  bench.told(1);
  for (int i = 0; i < 3; ++i) bench.happens(kMoving);
  bench.clock.advance(9 * common::kSecond);
  bench.happens(kMoving);
  bench.clock.advance(1 * common::kSecond);
  bench.happens(kMoving);
  CHECK(bench.told(2) == Texts{"action|siren|done", "action|siren|done"});
  bench.clock.advance(49 * common::kSecond);
  bench.tick();
  CHECK(bench.told(2).size() == 2);
  bench.clock.advance(1 * common::kSecond);
  bench.tick();
  bench.tick();
  CHECK(bench.told(3) == Texts{"action|siren|done", "action|siren|done", "action|siren|held back|4"});
  CHECK(bench.last().fields == std::map<std::string, double>{{"cool_down", 4}});
  CHECK(bench.counts("siren").held_back == 4);
}

TEST_CASE("no more than so many within a span are carried out") {
  ActionLimits limits({0, 2, 60});
  using Verdict = ActionLimits::Verdict;
  CHECK(limits.ask(0) == Verdict::go);
  CHECK(limits.ask(30 * common::kSecond) == Verdict::go);
  CHECK(limits.ask(59 * common::kSecond) == Verdict::too_many);
  CHECK(limits.ask(60 * common::kSecond) == Verdict::go);
  CHECK(limits.ask(61 * common::kSecond) == Verdict::too_many);
  CHECK(limits.ask(90 * common::kSecond) == Verdict::go);
}

TEST_CASE("a pulse cools down for its own length unless the file says otherwise") {
  CHECK(ActionBench::settings({"a: {when: '*', type: gpio, gpio: 1, pulse: 5s}"}).front().limits.cool_down_s == 5);
  CHECK(ActionBench::settings({"a: {when: '*', type: gpio, gpio: 1, pulse: 5s, cool_down: 0}"})
            .front()
            .limits.cool_down_s == 0);
}

TEST_CASE("one that hangs holds nobody else up, and drops the newest events") {
  ActionBench bench({"slow: {when: '*', type: send_frames}", "siren: {when: '*', type: gpio, gpio: 23, set: on}"});
  Gate gate;
  bench.frames = gate.frames();
  bench.start();
  bench.happens(kMoving);
  gate.wait_until_begun();
  CHECK(bench.told(1) == Texts{"action|siren|done"});
  for (std::size_t i = 0; i < Action::kMaxWaiting + 3; ++i) {
    bench.happens(kMoving);
    bench.told(i + 2);  // so that the siren's queue is empty
  }
  CHECK(bench.counts("slow").held_back == 3);
  CHECK(bench.counts("siren").held_back == 0);
  bench.request_stop();
  gate.open();
  bench.stop();
  CHECK(bench.last().text == "action|slow|held back|19");
  CHECK(bench.last().fields == std::map<std::string, double>{{"at_stop", 16}, {"queue_full", 3}});
}

TEST_CASE("a dry run does nothing, and is told; limits hold for it too") {
  ActionBench bench({"siren: {when: '*', type: gpio, gpio: 23, set: on, dry_run: True, at_most: 2}"});
  bench.start();
  for (int i = 0; i < 3; ++i) bench.happens(kMoving);
  CHECK(bench.told(2) == Texts{"action|siren|dry run", "action|siren|dry run"});
  CHECK_FALSE(bench.line(23).is_taken);
  bench.stop();
  CHECK(bench.last().fields == std::map<std::string, double>{{"at_most", 1}});
}

TEST_CASE("frames are asked for as the settings say, until they are sent or cannot be") {
  ActionBench bench({"clip: {when: '*', type: send_frames, count: 5, view: door}"});
  std::string asked;
  int left = 3;
  bench.frames = [&](const std::string& arguments) -> FramesProgress {
    asked = arguments;
    return [&]() -> std::optional<std::string> { return --left > 0 ? std::nullopt : std::optional(""); };
  };
  bench.start();
  bench.happens("Barn|button|pressed");
  CHECK(bench.told(1) == Texts{"action|clip|done"});
  CHECK(asked == "5 door");
  left = 1'000'000;
  bench.happens("Barn|button|pressed");
  CHECK(bench.told(2).back() == "action|clip|failed|not all were there within 60 s");
}

TEST_CASE("a reason is fit for a field of an event") {
  ActionBench bench({"clip: {when: '*', type: send_frames}"});
  bench.frames = [](const std::string&) -> FramesProgress {
    throw std::runtime_error("one|two\n" + std::string(999, 'x'));
  };
  bench.start();
  bench.happens(kMoving);
  const std::string told = bench.told(1).front();
  CHECK(told.starts_with("action|clip|failed|one/two\\nxxx"));
  CHECK(told.size() < 350);
}
