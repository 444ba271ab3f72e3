#include <array>

#include "catch.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

using Bytes = std::array<std::uint8_t, 128>;

void put(Bytes& pixels, std::size_t pixel, unsigned number) {
  pixels.at(2 * pixel) = static_cast<std::uint8_t>(number & 0xFF);
  pixels.at(2 * pixel + 1) = static_cast<std::uint8_t>(number >> 8);
}

/// A chip of memory.
struct Chip {
  Bytes pixels{};
  std::vector<std::pair<int, int>> written;
  std::string opened;
  bool is_there = true;
};

class FakeI2c final : public I2cDevice {
 public:
  explicit FakeI2c(Chip& chip) : chip_(chip) {}
  void write(std::uint8_t reg, std::uint8_t value) override { chip_.written.emplace_back(reg, value); }
  void read(std::uint8_t reg, std::span<std::uint8_t> into) override {
    if (!chip_.is_there) throw SensorError("nothing answers");
    REQUIRE(reg == 0x80);
    REQUIRE(into.size() == chip_.pixels.size());
    std::copy(chip_.pixels.begin(), chip_.pixels.end(), into.begin());
  }

 private:
  Chip& chip_;
};

std::unique_ptr<Sensor> sensor_on(SensorBench& bench, Chip& chip, const std::string& keys) {
  bench.i2c = [&chip](int bus, std::uint16_t address) {
    chip.opened = std::to_string(bus) + ' ' + std::to_string(address);
    return std::make_unique<FakeI2c>(chip);
  };
  return bench.sensor("type: amg8833" + keys);
}

}  // namespace

TEST_CASE("the coldest and the warmest pixel and the mean are told, in quarters of a degree, below zero too") {
  SensorBench bench;
  Chip chip;
  for (std::size_t i = 0; i < 64; ++i) put(chip.pixels, i, 80);  // 20 C
  put(chip.pixels, 0, 0x1F4);                                    // the data sheet's 125 C
  put(chip.pixels, 63, 0xFC9);                                   // and its -13.75 C
  const auto sensor = sensor_on(bench, chip, ", unit: C");
  const Reading reading = sensor->read({}).at(0);
  CHECK(reading.fields.at("max") == 125);
  CHECK(reading.fields.at("min") == -13.75);
  CHECK(reading.fields.at("mean") == (62 * 20 + 125 - 13.75) / 64);
  CHECK(reading.units.at("mean") == "C");
  CHECK(reading.text == "sensor S1|max 125 C, mean 21.113 C, min -13.75 C");
  const Grid grid = reading.grid.value();
  CHECK((grid.rows == 8 && grid.columns == 8 && grid.unit == "C"));
  REQUIRE(grid.values.size() == 64);
  CHECK(grid.values.front() == 125);
  CHECK(grid.values[9] == 20);
  CHECK(grid.values.back() == -13.75F);
}

TEST_CASE(
    "the thermal camera is looked for at bus 1 and address 0x69, and told in Fahrenheit, unless the settings say "
    "else") {
  SensorBench bench;
  Chip chip;
  CHECK(sensor_on(bench, chip, "")->read({}).at(0).fields.at("max") == 32);
  CHECK(chip.opened == "1 105");
  sensor_on(bench, chip, ", bus: 3, address: 0x68")->read({});
  CHECK(chip.opened == "3 104");
  CHECK_THAT(SensorBench::problems("type: amg8833, address: 0x70"), ContainsSubstring("address: 0x70"));
}

TEST_CASE("the thermal camera is switched on and reset once, and again when it was gone") {
  SensorBench bench;
  Chip chip;
  const auto sensor = sensor_on(bench, chip, "");
  const std::vector<std::pair<int, int>> start{{0x00, 0x00}, {0x01, 0x3F}};
  sensor->read({});
  sensor->read({});
  CHECK(chip.written == start);
  CHECK(bench.waits.size() == 1);
  chip.is_there = false;
  CHECK_THAT(bench.failure(*sensor), ContainsSubstring("nothing answers"));
  chip.is_there = true;
  sensor->read({});
  CHECK(chip.written.size() == 2 * start.size());
}

TEST_CASE("a bus that is not there says how to switch it on") {
  CHECK_THROWS_WITH(open_i2c(255, 0x69), ContainsSubstring("/dev/i2c-255") && ContainsSubstring("dtparam=i2c_arm=on"));
}
