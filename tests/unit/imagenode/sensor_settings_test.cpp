#include "catch.hpp"
#include "common/files.hpp"
#include "imagenode/settings.hpp"
#include "reference_settings.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

SensorSettings one(const std::string& keys) {
  return SensorBench::settings(keys).front();
}

}  // namespace

TEST_CASE("a sensor has the keys and defaults of the Python node") {
  const SensorSettings plain = one("type: DS18B20");
  CHECK(plain.label == "S1");
  CHECK(plain.name == "S1");
  CHECK(plain.interval_s == 600);
  CHECK(plain.min_difference == 1);
  CHECK_FALSE(plain.log_name);
  const SensorSettings full =
      one("name: Temperature Sensor, gpio: 4, type: DHT22, unit: F, read_interval_minutes: 2, min_difference: 0.5");
  CHECK(full.name == "Temperature Sensor");
  CHECK(full.kind == "DHT22");
  CHECK(full.interval_s == 120);
  CHECK(full.min_difference == 0.5);
}

TEST_CASE("the interval of a sensor may have a unit, and stands once") {
  CHECK(one("type: DHT22, read_interval: 10s").interval_s == 10);
  CHECK(one("type: DHT22, read_interval: 5m").interval_s == 300);
  CHECK(one("type: DHT22, read_interval: 5").interval_s == 300);
  CHECK_THAT(SensorBench::problems("type: DHT22, read_interval: 0"), ContainsSubstring("read_interval: 0 is not"));
  CHECK_THAT(SensorBench::problems("type: DHT22, read_interval: 5, read_interval_minutes: 5"),
             ContainsSubstring("keep one"));
}

TEST_CASE("an unknown kind of sensor is answered with those that there are") {
  const std::string known = "DHT11, DHT22, DS18B20, amg8833, command, file, gpio, hwmon, iio";
  CHECK_THAT(SensorBench::problems("type: DS18B21"), ContainsSubstring("DS18B21 is unknown; known are " + known));
  CHECK_THAT(SensorBench::problems("name: Coop"), ContainsSubstring("type: is required here; one of " + known));
}

TEST_CASE("what a sensor cannot do without is asked for") {
  CHECK_THAT(SensorBench::problems("type: DS18B20, unit: K"), ContainsSubstring("unit: K is not one of f, c"));
  CHECK_THAT(SensorBench::problems("type: DS18B20, id: ../28-1"), ContainsSubstring("not a path"));
  CHECK_THAT(SensorBench::problems("type: file, path: level"), ContainsSubstring("whole path"));
  CHECK_THAT(SensorBench::problems("type: iio"),
             ContainsSubstring("device: the name") && ContainsSubstring("channel: the name"));
  CHECK_THAT(SensorBench::problems("type: hwmon"), ContainsSubstring("chip: ") && ContainsSubstring("input: "));
  CHECK_THAT(SensorBench::problems("type: command"), ContainsSubstring("a program with its arguments is needed"));
  CHECK_THAT(SensorBench::problems("type: command, command: vcgencmd measure_temp"), ContainsSubstring("no shell"));
  CHECK_THAT(SensorBench::problems("type: DHT22, name: 'a|b'"), ContainsSubstring("may hold |"));
  CHECK_THAT(SensorBench::problems("type: DHT22, min_difference: -1"), ContainsSubstring("min_difference: -1"));
}

TEST_CASE("detectors of a sensor know the fields of its type") {
  const auto field = [](const std::string& keys, const std::string& of_detector = "") {
    return one(keys + ", detectors: {low: {type: threshold, below: 2" + of_detector + "}}").detectors.at(0).field;
  };
  CHECK(field("type: DS18B20") == "temperature");
  CHECK(field("type: file, path: /run/level") == "value");
  CHECK(field("type: gpio, gpio: 17") == "state");
  CHECK(field("type: iio, device: bme280, channel: pressure") == "pressure");
  CHECK(field("type: hwmon, chip: cpu_thermal, input: temp1") == "temp1");
  CHECK(field("type: DHT22", ", field: humidity") == "humidity");
  CHECK(field("type: amg8833", ", field: max") == "max");
  CHECK(field("type: gpio, gpio: 17, pulses: True", ", field: pulses") == "pulses");
  CHECK(field("type: command, command: [weather]", ", field: wind") == "wind");
  const auto wrong = [](const std::string& keys, const std::string& detector) {
    return SensorBench::problems(keys + ", detectors: {low: {" + detector + "}}");
  };
  CHECK_THAT(wrong("type: DHT22", "type: threshold, below: 2"), ContainsSubstring("one of humidity, temperature"));
  CHECK_THAT(wrong("type: amg8833", "type: threshold, below: 2"), ContainsSubstring("one of max, mean, min"));
  CHECK_THAT(wrong("type: gpio, gpio: 1, pulses: True", "type: threshold, below: 2"),
             ContainsSubstring("one of pulses, total, value"));
  CHECK_THAT(wrong("type: command, command: [weather]", "type: threshold, below: 2"),
             ContainsSubstring("field: is required here"));
  CHECK_THAT(wrong("type: DS18B20, read_interval: 5m", "type: missing, after: 5m"),
             ContainsSubstring("longer than read_interval"));
  CHECK_THAT(wrong("type: thermometer", "type: threshold, below: 2"),
             ContainsSubstring("thermometer is unknown") && !ContainsSubstring("detectors"));
}

TEST_CASE("the examples of sensors and lights in the guides are good settings") {
  const auto page = [](const std::string& name) {
    return common::read_text_file(std::filesystem::path(PROJECT_ROOT) / "docs/guide" / name);
  };
  const auto sensors = reference_settings::examples(page("sensors.md"), "sensors");
  const auto lights = reference_settings::examples(page("lights.md"), "lights");
  const auto alarms = reference_settings::examples(page("alarms.md"), "sensors");
  CHECK(sensors.size() == 10);
  CHECK(alarms.size() == 5);
  CHECK(lights.size() == 2);
  auto all = sensors;
  all.insert(all.end(), alarms.begin(), alarms.end());
  all.insert(all.end(), lights.begin(), lights.end());
  for (const std::string& example : all) {
    INFO(example);
    auto file = common::SettingsFile::parse(
        "node: {name: N}\nhub_address: none\ncameras: {P1: {viewname: yard, detectors: {light: {}}}}\n" + example,
        "guide.md");
    const NodeSettings settings = read_node_settings(file);
    CHECK(settings.sensors.size() + settings.lamps.size() > 0);
    CHECK_NOTHROW(file.finish());
  }
}
