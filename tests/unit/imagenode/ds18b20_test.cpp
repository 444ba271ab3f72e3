#include "catch.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

const std::string kDevices = "bus/w1/devices/";
const std::string kFirst = kDevices + "28-0316a2794fff/";
const std::string kSecond = kDevices + "28-0417c1b0e5ff/";

std::string text(Sensor& sensor) {
  const auto readings = sensor.read({});
  REQUIRE(readings.size() == 1);
  return readings.front().text;
}

/// Two lines of w1_slave.
std::string slave(const std::string& bytes, const std::string& crc, const std::string& milli) {
  return bytes + " : crc=57 " + crc + "\n" + bytes + " t=" + milli + "\n";
}

}  // namespace

TEST_CASE("a DS18B20 tells whole degrees as the Python node did, and all that it measured beside it") {
  SensorBench bench;
  bench.write(kFirst + "temperature", "24187\n");
  const auto readings = bench.sensor("type: DS18B20")->read({});
  REQUIRE(readings.size() == 1);
  CHECK(readings[0].text == "Temp|75 F");
  CHECK(readings[0].fields.at("temperature") == Approx(75.5366));
  CHECK(readings[0].units.at("temperature") == "F");
  CHECK(text(*bench.sensor("type: ds18b20, unit: C, gpio: 4")) == "Temp|24 C");
}

TEST_CASE("a DS18B20's degrees are cut towards zero, below it too, and so they are compared") {
  SensorBench bench;
  bench.write(kFirst + "temperature", "-1900");
  const auto sensor = bench.sensor("type: DS18B20, unit: C");
  CHECK(text(*sensor) == "Temp|-1 C");
  CHECK(sensor->judged(-1.9) == -1);
  bench.write(kFirst + "temperature", "-400");
  CHECK(text(*sensor) == "Temp|0 C");
}

TEST_CASE("of several DS18B20 the settings have to name one") {
  SensorBench bench;
  bench.write(kFirst + "temperature", "20000");
  bench.write(kSecond + "temperature", "30000");
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DS18B20")),
             ContainsSubstring("several DS18B20 (28-0316a2794fff, 28-0417c1b0e5ff); say which, such as id: 28-0316"));
  CHECK(text(*bench.sensor("type: DS18B20, unit: C, id: 28-0417c1b0e5ff")) == "Temp|30 C");
  CHECK(text(*bench.sensor("type: DS18B20, unit: C, id: 0417c1b0e5ff")) == "Temp|30 C");
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DS18B20, id: 28-00")),
             ContainsSubstring("no 28-00 on the 1-wire bus, which has 28-0316a2794fff, 28-0417c1b0e5ff"));
}

TEST_CASE("a computer without 1-wire is told how to switch it on") {
  SensorBench bench;
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DS18B20")), ContainsSubstring("dtoverlay=w1-gpio"));
}

TEST_CASE("an older kernel's w1_slave is read, and believed only when its CRC is right") {
  SensorBench bench;
  const std::string bytes = "72 01 4b 46 7f ff 0e 10 57";
  bench.write(kFirst + "w1_slave", slave(bytes, "YES", "23125"));
  const auto sensor = bench.sensor("type: DS18B20, unit: C");
  CHECK(text(*sensor) == "Temp|23 C");

  bench.write(kFirst + "w1_slave", slave(bytes, "NO", "23125"));
  CHECK_THAT(SensorBench::failure(*sensor), ContainsSubstring("28-0316a2794fff gives readings with a wrong CRC"));
  // A bus from which the thermometer was taken reads as zeros, whose CRC is right.
  bench.write(kFirst + "w1_slave", slave("00 00 00 00 00 00 00 00 00", "YES", "0"));
  CHECK_THAT(SensorBench::failure(*sensor), ContainsSubstring("wrong CRC"));

  int reads = 0;
  bench.write(kFirst + "w1_slave", slave(bytes, "NO", "23125"));
  bench.on_open = [&](const auto&) {
    if (++reads == 3) bench.write(kFirst + "w1_slave", slave(bytes, "YES", "22000"));
  };
  CHECK(text(*sensor) == "Temp|22 C");
}

TEST_CASE("the value that a DS18B20 holds at power-on is not believed unless it was near before") {
  SensorBench bench;
  int reads = 0;
  bench.write(kFirst + "temperature", "85000");
  bench.on_open = [&](const auto&) {
    if (++reads == 2) bench.write(kFirst + "temperature", "84500");
  };
  const auto sensor = bench.sensor("type: DS18B20, unit: C");
  CHECK(text(*sensor) == "Temp|84 C");
  CHECK(reads == 2);
  bench.write(kFirst + "temperature", "85000");
  CHECK(text(*sensor) == "Temp|85 C");
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DS18B20")), ContainsSubstring("gives 85 C"));
}

TEST_CASE("a DS18B20 that does not answer is asked again, then named with the kernel's reason") {
  SensorBench bench;
  bench.write(kFirst + "temperature", "20000");
  int failures = 2;
  bench.on_open = [&](const auto&) {
    if (failures-- > 0) throw std::system_error(std::make_error_code(std::errc::io_error));
  };
  const auto sensor = bench.sensor("type: DS18B20, unit: C");
  CHECK(text(*sensor) == "Temp|20 C");
  failures = 3;
  CHECK_THAT(SensorBench::failure(*sensor), ContainsSubstring("28-0316a2794fff does not answer (Input/output error)"));
}
