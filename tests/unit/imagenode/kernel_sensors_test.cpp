#include "catch.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

const std::string kAdc = "bus/iio/devices/iio:device1/";
const std::string kChip = "class/hwmon/hwmon2/";

std::string text(SensorBench& bench, const std::string& keys) {
  const auto readings = bench.sensor(keys)->read({});
  REQUIRE(readings.size() == 1);
  return readings.front().text;
}

std::string failure(SensorBench& bench, const std::string& keys) {
  return SensorBench::failure(*bench.sensor(keys));
}

}  // namespace

TEST_CASE("an IIO channel that the driver has calculated is taken as it is") {
  SensorBench bench;
  bench.write("bus/iio/devices/iio:device0/name", "bme280\n");
  bench.write("bus/iio/devices/iio:device0/in_temp_input", "21500\n");
  bench.write("bus/iio/devices/iio:device0/in_pressure_input", "101.325\n");
  bench.write("bus/iio/devices/iio:device0/in_humidityrelative_input", "48390\n");
  CHECK(text(bench, "type: iio, device: bme280, channel: temp") == "sensor S1|70.7 F");
  CHECK(text(bench, "type: iio, device: bme280, channel: temp, unit: C") == "sensor S1|21.5 C");
  CHECK(text(bench, "type: iio, device: bme280, channel: pressure") == "sensor S1|101.325 kPa");
  CHECK(text(bench, "type: iio, device: bme280, channel: pressure, scale: 10, unit: hPa") == "sensor S1|1013.25 hPa");
  const auto readings = bench.sensor("type: iio, device: bme280, channel: humidityrelative")->read({});
  CHECK(readings.at(0).fields.at("humidityrelative") == Approx(48.39));
  CHECK(readings.at(0).units.at("humidityrelative") == "%");
  CHECK_THAT(failure(bench, "type: iio, device: bme280, channel: light"),
             ContainsSubstring("bme280 has no channel light; it has humidityrelative pressure temp"));
}

TEST_CASE("an IIO channel with raw numbers gets offset and scale, its own or that of its type") {
  SensorBench bench;
  bench.write(kAdc + "name", "ads1015\n");
  bench.write(kAdc + "in_voltage0_raw", "1000\n");
  bench.write(kAdc + "in_voltage0_scale", "3.000000\n");
  bench.write(kAdc + "in_voltage1_raw", "1000\n");
  bench.write(kAdc + "in_voltage_scale", "2.000000\n");
  bench.write(kAdc + "in_voltage1_offset", "-100\n");
  bench.write(kAdc + "in_voltage0-voltage1_raw", "500\n");
  CHECK(text(bench, "type: iio, device: ads1015, channel: voltage0") == "sensor S1|3 V");
  CHECK(text(bench, "type: iio, device: ads1015, channel: voltage1") == "sensor S1|1.8 V");
  CHECK(text(bench, "type: iio, device: ads1015, channel: voltage0-voltage1") == "sensor S1|1 V");
  CHECK(text(bench, "type: iio, device: ads1015, channel: voltage1, scale: 50, offset: -10, unit: '%'") ==
        "sensor S1|80 %");
}

TEST_CASE("IIO devices go by name, label or folder, and two of one name are told apart by folder") {
  SensorBench bench;
  bench.write("bus/iio/devices/iio:device0/name", "bh1750\n");
  bench.write("bus/iio/devices/iio:device0/in_illuminance_raw", "100\n");
  bench.write(kAdc + "name", "bh1750\n");
  bench.write(kAdc + "label", "yard\n");
  bench.write(kAdc + "in_illuminance_raw", "200\n");
  CHECK_THAT(
      failure(bench, "type: iio, device: bh1750, channel: illuminance"),
      ContainsSubstring("several devices bh1750 (iio:device0, iio:device1); say which, such as device: iio:device0"));
  CHECK(text(bench, "type: iio, device: 'iio:device1', channel: illuminance") == "sensor S1|200 lx");
  CHECK(text(bench, "type: iio, device: yard, channel: illuminance") == "sensor S1|200 lx");
  CHECK_THAT(failure(bench, "type: iio, device: bme280, channel: temp"),
             ContainsSubstring("no device bme280 in") && ContainsSubstring("which has bh1750, bh1750; look at device"));
}

TEST_CASE("a hwmon input is read in common units") {
  SensorBench bench;
  bench.write(kChip + "name", "coretemp\n");
  bench.write(kChip + "temp1_input", "45000\n");
  bench.write(kChip + "in0_input", "12150\n");
  bench.write(kChip + "fan1_input", "1200\n");
  bench.write(kChip + "power1_input", "4500000\n");
  bench.write("class/hwmon/hwmon0/name", "acpitz\n");
  CHECK(text(bench, "type: hwmon, chip: coretemp, input: temp1, unit: C") == "sensor S1|45 C");
  CHECK(text(bench, "type: hwmon, chip: coretemp, input: temp1") == "sensor S1|113 F");
  CHECK(text(bench, "type: hwmon, chip: coretemp, input: in0") == "sensor S1|12.15 V");
  CHECK(text(bench, "type: hwmon, chip: hwmon2, input: fan1") == "sensor S1|1200 rpm");
  CHECK(text(bench, "type: hwmon, chip: coretemp, input: power1") == "sensor S1|4.5 W");
  CHECK_THAT(failure(bench, "type: hwmon, chip: coretemp, input: temp2"),
             ContainsSubstring("coretemp has no input temp2; it has fan1, in0, power1, temp1"));
  CHECK_THAT(failure(bench, "type: hwmon, chip: nct6775, input: temp1"),
             ContainsSubstring("which has acpitz, coretemp"));
}

TEST_CASE("a number in a file is scaled and has a unit") {
  SensorBench bench;
  bench.write("level", " 250 mm of water\n");
  const std::string path = "type: file, path: " + (bench.root() / "level").string();
  CHECK(text(bench, path) == "sensor S1|250");
  CHECK(text(bench, path + ", scale: -0.1, offset: 100, unit: cm") == "sensor S1|75 cm");
  bench.write("level", "broken\n");
  CHECK_THAT(failure(bench, path), ContainsSubstring("level holds no number but \"broken\""));
  bench.remove("level");
  CHECK_THROWS_AS(bench.sensor(path)->read({}), std::system_error);
}
