#include <cmath>
#include <limits>

#include "catch.hpp"
#include "reading_fixture.hpp"

using namespace imagenode;

using Told = ReadingBench::Told;

TEST_CASE("a threshold tells each change, and begins as normal") {
  ReadingBench bench("level: {type: threshold, above: 30, below: 10}");
  bench.read(20);
  bench.read(30);
  CHECK(bench.told().empty());
  bench.read(30.1);
  bench.read(31);
  CHECK(bench.told() == Told{"level|value|above"});
  bench.read(30);
  CHECK(bench.told() == Told{"level|value|normal"});
  bench.read(10);
  CHECK(bench.told().empty());
  bench.read(9.9);
  CHECK(bench.told() == Told{"level|value|below"});
  bench.read(31);
  CHECK(bench.told() == Told{"level|value|above"});
}

TEST_CASE("a first reading beyond a threshold is told") {
  ReadingBench bench("level: {type: threshold, below: 10}");
  bench.read(5);
  CHECK(bench.told() == Told{"level|value|below"});
  bench.read(50);
  CHECK(bench.told() == Told{"level|value|normal"});
}

TEST_CASE("the event of a detector has value, unit, time and source of the reading") {
  ReadingBench bench("level: {type: threshold, above: 30}");
  bench.read(31.5);
  REQUIRE(bench.given.size() == 1);
  const Reading& event = bench.given[0];
  CHECK(event.source == "S1");
  CHECK(event.sender_is_source);
  CHECK(event.fields == std::map<std::string, double>{{"value", 31.5}});
  CHECK(event.units == std::map<std::string, std::string>{{"value", "C"}});
  CHECK(event.time_ns == bench.clock.utc);
  CHECK(event.monotonic_ns == bench.clock.monotonic);
}

TEST_CASE("with hysteresis a value has to come back by that much") {
  ReadingBench bench("level: {type: threshold, above: 30, below: 10, hysteresis: 2}");
  for (const double value : {30.5, 29.0, 28.1, 30.5}) bench.read(value);
  CHECK(bench.told() == Told{"level|value|above"});
  bench.read(28);
  CHECK(bench.told() == Told{"level|value|normal"});
  for (const double value : {29.5, 9.5, 11.9}) bench.read(value);
  CHECK(bench.told() == Told{"level|value|below"});
  bench.read(12);
  CHECK(bench.told() == Told{"level|value|normal"});
}

TEST_CASE("with `for` a value has to stay there that long") {
  ReadingBench bench("level: {type: threshold, above: 30, for: 10s}");
  bench.read(31);
  bench.read(32, 9.9);
  bench.read(29, 0.05);  // in between it was normal
  bench.read(31);
  bench.read(32, 9.9);
  CHECK(bench.told().empty());
  bench.read(33, 0.1);
  CHECK(bench.told() == Told{"level|value|above"});
  CHECK(bench.last().fields.at("value") == 32);  // which has lasted until now
  bench.read(20);
  bench.read(20, 9);
  CHECK(bench.told().empty());
  bench.read(20, 1);
  CHECK(bench.told() == Told{"level|value|normal"});
}

TEST_CASE("with `for` the way from one side to the other begins anew") {
  ReadingBench bench("level: {type: threshold, above: 30, below: 10, for: 10s}");
  bench.read(31);
  bench.read(5, 9);
  bench.read(5, 9);
  CHECK(bench.told().empty());
  bench.read(5, 1);
  CHECK(bench.told() == Told{"level|value|below"});
}

TEST_CASE("a value counts until the next one comes") {
  ReadingBench bench("open: {type: threshold, above: 0.5, for: 5m}");
  bench.read(1);
  bench.pass(299);
  CHECK(bench.told().empty());
  bench.pass(1);
  CHECK(bench.told() == Told{"open|value|above"});
  CHECK(bench.last().fields.at("value") == 1);
  CHECK(bench.last().units.at("value") == "C");
  CHECK(bench.last().time_ns == bench.clock.utc);
  // It had been so for long enough, though nobody had looked at the clock, when it changed.
  bench.read(0);
  bench.read(1, 301);
  CHECK(bench.told() == Told{"open|value|normal"});
}

TEST_CASE("a change is judged from the value that was told last, at first from the first") {
  ReadingBench bench("turn: {type: change, by: 1}");
  bench.read(20);
  bench.read(20.9);
  bench.read(19.1);
  CHECK(bench.told().empty());
  bench.read(21);
  CHECK(bench.told() == Told{"turn|value|risen"});
  CHECK(bench.last().fields.at("value") == 21);
  CHECK(bench.last().fields.at("change") == 1);
  CHECK(bench.last().units.at("change") == "C");
  bench.read(21.9);
  bench.read(20.1);
  CHECK(bench.told().empty());
  bench.read(19);
  CHECK(bench.told() == Told{"turn|value|fallen"});
  CHECK(bench.last().fields.at("change") == -2);
}

TEST_CASE("a change of just so much is one, though binary numbers miss it by a little") {
  ReadingBench bench("turn: {type: change, by: 1}");
  bench.read(75.2);
  bench.read(74.2);
  CHECK(bench.told() == Told{"turn|value|fallen"});
}

TEST_CASE("a difference that no number can hold is left out") {
  ReadingBench bench("turn: {type: change, by: 1}");
  bench.read(-1e308);
  bench.read(1e308);
  CHECK(bench.told() == Told{"turn|value|risen"});
  CHECK(bench.last().fields == std::map<std::string, double>{{"value", 1e308}});
}

TEST_CASE("a rate tells rising, falling and steady") {
  ReadingBench bench("pace: {type: rate, above: 3, below: -3, per: 1m, window: 30s}");
  double value = 20;
  const auto go = [&](double per_minute, int seconds) {
    for (int i = 0; i < seconds; i += 5) bench.read(value += per_minute / 12, 5);
  };
  go(0, 40);
  go(2.9, 60);
  CHECK(bench.told().empty());
  go(6, 40);
  CHECK(bench.told() == Told{"pace|value|rising"});
  CHECK(bench.last().units.at("rate") == "C/min");
  CHECK(bench.last().fields.at("rate") > 3);
  CHECK(bench.last().fields.contains("value"));
  go(0, 40);
  CHECK(bench.told() == Told{"pace|value|steady"});
  go(-6, 40);
  CHECK(bench.told() == Told{"pace|value|falling"});
}

TEST_CASE("a rate needs readings that reach back as far as its window, which is `per` unless set") {
  ReadingBench bench("pace: {type: rate, above: 3, per: 1h}");
  double value = 20;
  for (int i = 0; i < 60; ++i) bench.read(value += 0.1, 60);  // 6 in an hour
  CHECK(bench.told().empty());
  bench.read(value += 0.1, 60);
  CHECK(bench.told() == Told{"pace|value|rising"});
  CHECK(bench.last().fields.at("rate") == Approx(6));
  CHECK(bench.last().units.at("rate") == "C/h");
}

TEST_CASE("a rate is judged from reading to reading when they come seldom") {
  ReadingBench bench("pace: {type: rate, below: -10, per: 1h, window: 1m}");
  bench.read(20, 600);
  bench.read(18, 600);  // 12 in an hour
  CHECK(bench.told() == Told{"pace|value|falling"});
  bench.read(17, 600);
  CHECK(bench.told() == Told{"pace|value|steady"});
}

TEST_CASE("a rate has hysteresis and patience too") {
  ReadingBench bench("pace: {type: rate, above: 10, hysteresis: 5, for: 10s, per: 1s, window: 1s}");
  bench.read(0, 1);
  bench.read(11, 1);
  CHECK(bench.told().empty());
  bench.pass(9.9);
  CHECK(bench.told().empty());
  bench.pass(0.1);
  CHECK(bench.told() == Told{"pace|value|rising"});
  CHECK(bench.last().fields.at("rate") == Approx(11));
  bench.read(11 + 66, 1);  // 6 a second
  bench.read(11 + 66 + 6, 1);
  bench.pass(60);
  CHECK(bench.told().empty());
}

TEST_CASE("missing is told once after so long without a reading, and back with the next one") {
  ReadingBench bench("gone: {type: missing, after: 5m}");
  bench.pass(1);
  bench.read(20);
  bench.pass(299);
  CHECK(bench.told().empty());
  bench.pass(1);
  bench.pass(1000);
  CHECK(bench.told() == Told{"gone|S1|missing"});
  CHECK(bench.last().fields == std::map<std::string, double>{{"silence", 300}});
  CHECK(bench.last().units == std::map<std::string, std::string>{{"silence", "s"}});
  CHECK(bench.last().sender_is_source);
  bench.read(20, 5);
  bench.read(20, 5);
  CHECK(bench.told() == Told{"gone|S1|back"});
  CHECK(bench.last().fields.at("silence") == 1305);
  bench.pass(300);
  CHECK(bench.told() == Told{"gone|S1|missing"});
}

TEST_CASE("a source that is silent from the beginning is missing") {
  ReadingBench bench("gone: {type: missing, after: 5m}");
  bench.pass(1);
  bench.pass(299);
  CHECK(bench.told().empty());
  bench.pass(1);
  CHECK(bench.told() == Told{"gone|S1|missing"});
}

TEST_CASE("a gap that ends before anybody looked at the clock is told all the same") {
  ReadingBench bench("gone: {type: missing, after: 5m}");
  bench.read(20);
  bench.read(20, 300);
  CHECK(bench.told() == Told{"gone|S1|missing", "gone|S1|back"});
}

TEST_CASE("with a field it is that which is missing") {
  ReadingBench bench("gone: {type: missing, after: 10s, field: value}");
  bench.pass(1);
  bench.read(20);
  for (int i = 0; i < 10; ++i) {
    bench.clock.advance(common::kSecond);
    bench.watch.judge(bench.reading({{"other", 1}}));
  }
  bench.pass(0);
  CHECK(bench.told() == Told{"gone|value|missing"});
  bench.read(21);
  CHECK(bench.told() == Told{"gone|value|back"});
  CHECK(bench.last().fields == std::map<std::string, double>{{"silence", 11}, {"value", 21}});
}

TEST_CASE("news of a source is no reading, rows without numbers are") {
  ReadingBench bench("gone: {type: missing, after: 10s}");
  bench.read(20);
  bench.clock.advance(9 * common::kSecond);
  Reading news;
  news.text = "sensor S1|lost";
  news.monotonic_ns = bench.clock.monotonic;
  bench.watch.judge(news);
  bench.pass(1);
  CHECK(bench.told() == Told{"gone|S1|missing"});
  Reading row;
  row.monotonic_ns = bench.clock.monotonic;
  bench.watch.judge(row);
  CHECK(bench.told() == Told{"gone|S1|back"});
}

TEST_CASE("values that are not finite are passed over") {
  ReadingBench bench("level: {type: threshold, above: 30, for: 5s}, turn: {type: change, by: 1}");
  bench.read(31);
  bench.read(std::numeric_limits<double>::quiet_NaN());
  bench.read(-std::numeric_limits<double>::infinity());
  bench.read(31, 3);
  CHECK(bench.told() == Told{"level|value|above"});
}

TEST_CASE("a clock that is set does not matter, nor a reading that is older than the one before") {
  ReadingBench bench("level: {type: threshold, above: 30, for: 10s}, gone: {type: missing, after: 20s}");
  bench.read(31);
  bench.clock.utc = 0;
  bench.pass(9);
  CHECK(bench.told().empty());
  Reading old = bench.reading({{"value", 32}});
  old.monotonic_ns -= 5 * common::kSecond;
  bench.watch.judge(old);
  CHECK(bench.told().empty());
  bench.pass(1);
  CHECK(bench.told() == Told{"level|value|above"});
  bench.pass(18.9);
  CHECK(bench.told().empty());
  bench.pass(0.1);
  CHECK(bench.told() == Told{"gone|S1|missing"});
}

TEST_CASE("each detector judges its own field, in the order of their names") {
  const WatchedSource source{{"max", "min"}, true, 0};
  FakeClock clock;
  std::vector<std::string> told;
  ReadingWatch watch(
      "A1",
      ReadingBench::settings("fire: {type: threshold, field: max, above: 60}, "
                             "cold: {type: threshold, field: min, below: 2}",
                             source),
      [&](const Reading& event) { told.push_back(event.text); }, clock);
  Reading reading;
  reading.fields = {{"max", 61}, {"min", 1}};
  watch.judge(reading);
  reading.fields = {{"max", 61}};
  watch.judge(reading);
  reading.fields = {{"min", 3}};
  watch.judge(reading);
  CHECK(told == Told{"cold|min|below", "fire|max|above", "cold|min|normal"});
}

TEST_CASE("new settings go on from what has been told") {
  ReadingBench before(
      "level: {type: threshold, above: 30}, pace: {type: rate, above: 5, per: 1s, window: 1s}, "
      "gone: {type: missing, after: 5s}, other: {type: threshold, above: 30}");
  before.read(20);
  before.read(40);
  before.pass(5);
  CHECK(before.told() == Told{"level|value|above", "other|value|above", "pace|value|rising", "gone|S1|missing"});

  const std::string kinds =
      "pace: {type: rate, above: 5, per: 1s, window: 2s}, gone: {type: missing, after: 50s}, "
      "other: {type: change, by: 1}, ";
  ReadingBench cooler(kinds + "level: {type: threshold, above: 30, hysteresis: 5}");
  cooler.watch.succeed(before.watch);
  cooler.read(28);  // not normal yet
  CHECK(cooler.told() == Told{"gone|S1|back"});
  cooler.read(25);
  CHECK(cooler.told() == Told{"level|value|normal", "other|value|fallen"});
  cooler.read(25);
  CHECK(cooler.told() == Told{"pace|value|steady"});

  ReadingBench same(kinds + "level: {type: threshold, above: 30}");
  same.watch.succeed(before.watch);
  ReadingBench again(kinds + "level: {type: threshold, above: 30}");
  again.watch.succeed(same.watch);
  again.read(41);
  CHECK(again.told() == Told{"gone|S1|back"});
  ReadingBench without(kinds + "level: {type: threshold, below: 10}");
  without.watch.succeed(before.watch);
  without.read(41);
  CHECK(without.told() == Told{"gone|S1|back", "level|value|normal"});
}

TEST_CASE("new settings go on from the value that a change was judged from") {
  ReadingBench told("turn: {type: change, by: 1}");
  told.read(20);
  told.read(21);
  ReadingBench untold("turn: {type: change, by: 5}");
  untold.watch.succeed(told.watch);
  ReadingBench after("turn: {type: change, by: 2}");
  after.watch.succeed(untold.watch);
  after.read(22.9);
  CHECK(after.told().empty());
  after.read(23);
  CHECK(after.told() == Told{"turn|value|risen"});
  CHECK(after.last().fields.at("change") == 2);

  ReadingBench first("turn: {type: change, by: 1}");
  first.read(20);  // nothing told yet
  ReadingBench next("turn: {type: change, by: 1}");
  next.watch.succeed(first.watch);
  next.read(19);
  CHECK(next.told() == Told{"turn|value|fallen"});
}

TEST_CASE("a bar in the name of a field does not end a part of the text") {
  FakeClock clock;
  std::vector<Reading> told;
  ReadingWatch watch(
      "X1", ReadingBench::settings("t: {type: threshold, field: 'a|b', above: 1}", {{}, false, 0}),
      [&](const Reading& event) { told.push_back(event); }, clock);
  Reading reading;
  reading.fields["a|b"] = 2;
  watch.judge(reading);
  REQUIRE(told.size() == 1);
  CHECK(told[0].text == "t|a/b|above");
  CHECK(told[0].fields.at("a|b") == 2);
  CHECK(told[0].units.empty());
}
