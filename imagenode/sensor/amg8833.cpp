// amg8833: a camera for warmth with 8 x 8 pixels, on I2C. Registers as in Panasonic's data sheet of the Grid-EYE.

#include <algorithm>
#include <array>
#include <numeric>

#include "common/clock.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "imagenode/sensor/registry.hpp"
#include "imagenode/sensor/temperature.hpp"

namespace imagenode {
namespace {

constexpr std::uint8_t kPowerControl = 0x00;
constexpr std::uint8_t kNormalMode = 0x00;
constexpr std::uint8_t kReset = 0x01;
constexpr std::uint8_t kInitialReset = 0x3F;
constexpr std::uint8_t kPixels = 0x80;
constexpr std::int64_t kSide = 8;
constexpr std::size_t kPixelCount = kSide * kSide;
/// Until the first picture: two of those ten that it takes in a second.
constexpr std::int64_t kFirstPicture = 200 * common::kMillisecond;

/// Twelve bits with a sign, in quarters of a degree; the lower byte is first.
double celsius_of(std::uint8_t low, std::uint8_t high) {
  constexpr int kSign = 0x800;
  const int number = (high & 0x0F) << 8 | low;
  return 0.25 * ((number ^ kSign) - kSign);
}

class Amg8833 final : public Sensor {
 public:
  Amg8833(int bus, std::uint16_t address, TemperatureUnit unit, std::string label, const SensorSeams& seams)
      : bus_(bus), address_(address), unit_(unit), label_(std::move(label)), open_(seams.i2c), wait_(seams.wait) {}

  std::vector<Reading> read(const std::stop_token& stop) override {
    std::array<std::uint8_t, 2 * kPixelCount> bytes{};
    try {
      if (!device_) start(stop);
      device_->read(kPixels, bytes);
    } catch (const SensorError&) {
      device_.reset();
      throw;
    }
    return {reading(bytes)};
  }

 private:
  void start(const std::stop_token& stop) {
    device_ = open_(bus_, address_);
    device_->write(kPowerControl, kNormalMode);
    device_->write(kReset, kInitialReset);
    wait_(stop, kFirstPicture);
  }

  Reading reading(const std::array<std::uint8_t, 2 * kPixelCount>& bytes) const {
    std::array<double, kPixelCount> pixels{};
    for (std::size_t i = 0; i < kPixelCount; ++i) {
      pixels.at(i) = in_unit(celsius_of(bytes.at(2 * i), bytes.at(2 * i + 1)), unit_);
    }
    const auto [coldest, warmest] = std::minmax_element(pixels.begin(), pixels.end());
    Reading made;
    made.fields["min"] = *coldest;
    made.fields["max"] = *warmest;
    made.fields["mean"] = std::accumulate(pixels.begin(), pixels.end(), 0.0) / kPixelCount;
    for (const auto& [name, value] : made.fields) made.units.emplace(name, name_of(unit_));
    made.text = text_of(label_, made);
    made.grid = Grid{{pixels.begin(), pixels.end()}, kSide, kSide, name_of(unit_)};
    return made;
  }

  const int bus_;
  const std::uint16_t address_;
  const TemperatureUnit unit_;
  const std::string label_;
  const OpenI2c open_;
  const common::Wait wait_;
  std::unique_ptr<I2cDevice> device_;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  constexpr std::array<std::uint16_t, 2> kAddresses{0x68, 0x69};
  int bus = 1;
  section.read("bus", bus, {0, 255});
  std::size_t address = 1;
  section.read_choice("address", {"0x68", "0x69"}, address);
  const TemperatureUnit unit = read_temperature_unit(section);
  return {[=](const SensorSeams& seams) {
            return std::make_unique<Amg8833>(bus, kAddresses.at(address), unit, label, seams);
          },
          {"max", "mean", "min"}};
}

const RegisterSensor registered("amg8833", read_settings);

}  // namespace
}  // namespace imagenode
