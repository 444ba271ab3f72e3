#include "catch.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

const std::string kDevices = "bus/iio/devices/";

void put_dht(const SensorBench& bench, const std::string& device, const std::string& milli_celsius, char pin) {
  bench.write(kDevices + device + "/name", "dht11\n");
  bench.write(kDevices + device + "/in_temp_input", milli_celsius + "\n");
  bench.write(kDevices + device + "/in_humidityrelative_input", "48400\n");
  bench.write(kDevices + device + "/of_node/gpios", std::string("\0\0\0\7\0\0\0", 7) + pin + std::string(4, '\0'));
}

std::vector<std::string> texts(Sensor& sensor) {
  std::vector<std::string> told;
  for (const Reading& reading : sensor.read({})) told.push_back(reading.text);
  return told;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a DHT tells temperature and humidity with one decimal, as the Python node did") {
  SensorBench bench;
  put_dht(bench, "iio:device0", "24000", 4);
  const auto readings = bench.sensor("type: DHT22")->read({});
  REQUIRE(readings.size() == 2);
  CHECK(readings[0].text == "Temp|75.2 F");
  CHECK(readings[0].fields == std::map<std::string, double>{{"temperature", 75.2}});
  CHECK(readings[1].text == "humidity|48.4 %");
  CHECK(readings[1].fields == std::map<std::string, double>{{"humidity", 48.4}});
  CHECK(readings[1].units.at("humidity") == "%");
  const auto celsius = bench.sensor("type: DHT11, unit: c");
  CHECK(texts(*celsius) == Texts{"Temp|24.0 C", "humidity|48.4 %"});
  CHECK(celsius->judged(24.04) == 24.0);
}

TEST_CASE("a DHT just below zero has no minus before a zero") {
  SensorBench bench;
  put_dht(bench, "iio:device0", "-40", 4);
  CHECK(texts(*bench.sensor("type: DHT22, unit: C")).at(0) == "Temp|0.0 C");
}

TEST_CASE("a DHT that fails as usual is asked again after a rest") {
  SensorBench bench;
  put_dht(bench, "iio:device0", "24000", 4);
  const auto sensor = bench.sensor("type: DHT22");
  int failures = 4;
  const auto fail = [&](std::errc error) {
    bench.on_open = [&failures, error](const std::filesystem::path& file) {
      if (file.filename() == "in_temp_input" && failures-- > 0) {
        throw std::system_error(std::make_error_code(error), "cannot read");
      }
    };
  };
  fail(std::errc::io_error);
  CHECK(texts(*sensor).at(0) == "Temp|75.2 F");
  CHECK(bench.waits == std::vector<std::int64_t>{2, 2, 2, 2});
  failures = 1;
  fail(std::errc::timed_out);
  CHECK(texts(*sensor).size() == 2);
  failures = 5;
  CHECK_THAT(SensorBench::failure(*sensor), ContainsSubstring("has not answered 5 times (Connection timed out)"));
  failures = 1;
  fail(std::errc::no_such_device);
  CHECK_THROWS_AS(sensor->read({}), std::system_error);
}

TEST_CASE("of several DHT the one at the given pin is read") {
  SensorBench bench;
  put_dht(bench, "iio:device0", "20000", 4);
  put_dht(bench, "iio:device1", "30000", 17);
  bench.write(kDevices + "iio:device2/name", "bme280\n");
  CHECK(texts(*bench.sensor("type: DHT22, unit: C, gpio: 17")).at(0) == "Temp|30.0 C");
  CHECK(texts(*bench.sensor("type: DHT22, unit: C")).at(0) == "Temp|20.0 C");
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DHT22, gpio: 5")),
             ContainsSubstring("there are 2 DHT, and none of them is known to be at gpio 5"));
}

TEST_CASE("a computer without a DHT is told how to switch its driver on") {
  SensorBench bench;
  CHECK_THAT(SensorBench::failure(*bench.sensor("type: DHT11, gpio: 17")),
             ContainsSubstring("dtoverlay=dht11,gpiopin=17"));
}
