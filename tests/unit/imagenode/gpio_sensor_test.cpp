#include "catch.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

constexpr std::int64_t kEnd = 1000 * common::kSecond;  // of the interval
constexpr std::int64_t kMs = common::kMillisecond;

using Told = std::vector<std::pair<std::string, std::int64_t>>;

/// Texts and monotonic times, in ms, of what the sensor sees until its interval ends.
Told watched(Sensor& sensor, FakeGpio::Line& line) {
  Told told;
  for (bool is_over = false; !is_over;) {
    const bool edges_come = !line.edges.empty();
    for (const Reading& reading : sensor.watch({}, kEnd)) told.emplace_back(reading.text, reading.monotonic_ns / kMs);
    is_over = !edges_come && line.waits.back() == kEnd;
  }
  return told;
}

double field(const std::vector<Reading>& readings, const std::string& name) {
  return readings.at(0).fields.at(name);
}

}  // namespace

TEST_CASE("an input is told as it is, then when it changes, with the kernel's time") {
  SensorBench bench;
  bench.gpio.line(17).active = true;
  const auto sensor = bench.sensor("type: gpio, gpio: 17");
  const auto first = sensor->read({});
  CHECK(first.at(0).text == "sensor S1|on");
  CHECK(field(first, "state") == 1);
  bench.gpio.line(17).edges = {{{false, 500 * kMs}}, {{true, 700 * kMs}, {false, 900 * kMs}}};
  CHECK(watched(*sensor, bench.gpio.line(17)) ==
        Told{{"sensor S1|off", 500}, {"sensor S1|on", 700}, {"sensor S1|off", 900}});
}

TEST_CASE("the texts of a motion sensor or a door are those of the settings") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17, on_text: 'PIR|motion', off_text: ''");
  CHECK(sensor->read({}).at(0).text.empty());
  bench.gpio.line(17).edges = {{{true, 500 * kMs}}, {{false, 900 * kMs}}};
  CHECK(watched(*sensor, bench.gpio.line(17)) == Told{{"PIR|motion", 500}, {"", 900}});
}

TEST_CASE("a line is taken as the settings say") {
  SensorBench bench;
  const auto sensor =
      bench.sensor("type: gpio, chip: pinctrl-bcm2711, gpio: GPIO17, pull: up, active_low: True, debounce: 50ms");
  sensor->read({});
  CHECK(bench.gpio.line(17).is_taken);
  CHECK(bench.gpio.line(17).active_low);
  CHECK(bench.gpio.line(17).pull == Pull::up);
}

TEST_CASE("contacts that bounce are told once, as soon as they are quiet") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17, debounce: 50ms");
  sensor->read({});
  bench.gpio.line(17).edges = {{{true, 500 * kMs}, {false, 510 * kMs}, {true, 515 * kMs}}};
  CHECK(watched(*sensor, bench.gpio.line(17)) == Told{{"sensor S1|on", 515}});
  CHECK(bench.gpio.line(17).waits == std::vector{kEnd, 565 * kMs, kEnd});
}

TEST_CASE("a level of which the kernel has not told is seen at the next reading") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17");
  sensor->read({});
  watched(*sensor, bench.gpio.line(17));
  bench.gpio.line(17).active = true;
  sensor->read({});
  CHECK(sensor->watch({}, 2 * kEnd).at(0).text == "sensor S1|on");  // after 10 ms of quiet
  CHECK(field(sensor->read({}), "state") == 1);
}

TEST_CASE("when so many edges came that the kernel may have lost some, the level counts") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17, debounce: 0");
  sensor->read({});
  std::vector<Edge> many;
  for (std::size_t i = 0; i < kKeptEdges; ++i) many.push_back({i % 2 == 0, static_cast<std::int64_t>(i) * kMs});
  bench.gpio.line(17).edges = {many};
  bench.gpio.line(17).active = true;
  const Told told = watched(*sensor, bench.gpio.line(17));
  CHECK(told.size() == kKeptEdges + 1);
  CHECK(told.back().first == "sensor S1|on");
}

TEST_CASE("pulses are counted from reading to reading") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17, pulses: True, scale: 0.2794, unit: mm");
  CHECK(sensor->read({}).at(0).text == "sensor S1|0 mm");
  bench.gpio.line(17).edges = {{{true, 1 * kMs}, {false, 2 * kMs}, {true, 3 * kMs}}, {{false, 4 * kMs}}};
  CHECK(watched(*sensor, bench.gpio.line(17)).empty());
  const auto two = sensor->read({});
  CHECK(two.at(0).text == "sensor S1|0.559 mm");
  CHECK(two.at(0).units == std::map<std::string, std::string>{{"value", "mm"}});
  CHECK(field(two, "pulses") == 2);
  CHECK(field(two, "total") == 2);
  CHECK(field(two, "value") == 2 * 0.2794);
  bench.gpio.line(17).edges = {{{true, 5 * kMs}}};
  bench.gpio.line(17).active = true;
  watched(*sensor, bench.gpio.line(17));
  const auto one = sensor->read({});
  CHECK(field(one, "pulses") == 1);
  CHECK(field(one, "total") == 3);
}

TEST_CASE("pulses are not lost with a stop, nor with the chip") {
  SensorBench bench;
  const auto sensor = bench.sensor("type: gpio, gpio: 17, pulses: True");
  sensor->read({});
  bench.gpio.line(17).edges = {{{true, 1 * kMs}}, {{false, 2 * kMs}}};
  watched(*sensor, bench.gpio.line(17));
  bench.gpio.line(17).fails = true;
  CHECK_THROWS_AS(sensor->watch({}, kEnd), SensorError);
  bench.gpio.line(17).fails = false;
  std::stop_source stop;
  stop.request_stop();
  CHECK(field(sensor->watch(stop.get_token(), kEnd), "pulses") == 1);
}

TEST_CASE("a chip that is not there, or goes, is tried anew") {
  SensorBench bench;
  const auto chips = bench.gpio.all;
  bench.gpio.all.clear();
  const auto sensor = bench.sensor("type: gpio, gpio: 17");
  CHECK_THAT(bench.failure(*sensor), ContainsSubstring("no GPIO chip"));
  bench.gpio.all = chips;
  CHECK(bench.failure(*sensor).empty());
  bench.gpio.line(17).fails = true;
  CHECK_THAT(bench.failure(*sensor), ContainsSubstring("gone"));
  CHECK_FALSE(bench.gpio.line(17).is_taken);
  bench.gpio.line(17).fails = false;
  bench.gpio.line(17).active = true;
  CHECK(field(sensor->read({}), "state") == 1);
}

TEST_CASE("an input without a line, or with a text that hubs would misunderstand, is refused") {
  CHECK_THAT(SensorBench::problems("type: gpio"), ContainsSubstring("gpio: a line is needed"));
  CHECK_THAT(SensorBench::problems("type: gpio, gpio: 17, pull: sideways"), ContainsSubstring("pull: sideways"));
  for (const char* text : {"Hallo", "image", "jump", "data", "samples|1", "Restart|now"}) {
    CHECK_THAT(SensorBench::problems(std::string("type: gpio, gpio: 17, on_text: '") + text + "'"),
               ContainsSubstring("would not take"));
  }
  CHECK(SensorBench::problems("type: gpio, gpio: 17, on_text: 'PIR|motion', off_text: ''").empty());
}
