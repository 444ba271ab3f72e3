// DHT11 and DHT22: temperature and humidity by the kernel's driver dht11, which serves both. It often fails, since it
// measures pulses of microseconds; the next try mostly succeeds.

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <system_error>

#include "common/text.hpp"
#include "imagenode/sensor/device_files.hpp"
#include "imagenode/sensor/named_devices.hpp"
#include "imagenode/sensor/registry.hpp"
#include "imagenode/sensor/temperature.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr int kTries = 5;
/// The sensor wants so long a rest between two readings.
constexpr std::int64_t kRest = 2 * common::kSecond;

double to_tenths(double value) {
  return std::round(value * 10) / 10 + 0.0;  // + 0.0: no "-0.0"
}

std::string in_tenths(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", to_tenths(value));
  return text.data();
}

class Dht final : public Sensor {
 public:
  Dht(int gpio, TemperatureUnit unit, const SensorSeams& seams)
      : files_(seams.files), folder_(seams.sysfs / "bus/iio/devices"), wait_(seams.wait), gpio_(gpio), unit_(unit) {}

  std::vector<Reading> read(const std::stop_token& stop) override {
    const fs::path device = find();
    const double celsius = patiently(device / "in_temp_input", stop) / 1000;
    const double percent = patiently(device / "in_humidityrelative_input", stop) / 1000;
    const double temperature = in_unit(celsius, unit_);
    Reading warmth;
    warmth.fields["temperature"] = temperature;
    warmth.units["temperature"] = name_of(unit_);
    warmth.text = cat("Temp|", in_tenths(temperature), ' ', name_of(unit_));
    Reading humidity;
    humidity.fields["humidity"] = percent;
    humidity.units["humidity"] = "%";
    humidity.text = cat("humidity|", in_tenths(percent), " %");
    return {warmth, humidity};
  }

  /// The Python node sent tenths, and compared those.
  double judged(double value) const override { return to_tenths(value); }

 private:
  fs::path find() const {
    const auto found = devices_named(files_, folder_, "dht11");
    if (found.empty()) {
      throw SensorError(cat("there is no DHT in ", folder_.string(),
                            "; switch its driver on (dtoverlay=dht11,gpiopin=", gpio_, " in config.txt)"));
    }
    if (found.size() == 1) return found.front();
    for (const fs::path& device : found) {
      if (pin_of(device) == gpio_) return device;
    }
    throw SensorError(cat("there are ", found.size(), " DHT, and none of them is known to be at gpio ", gpio_,
                          "; look at gpio and at the dtoverlay lines in config.txt"));
  }

  /// As the device tree has it: a controller, the pin, flags, each of four bytes, the highest first.
  std::optional<int> pin_of(const fs::path& device) const {
    std::array<std::uint8_t, 8> cells{};
    try {
      const auto file = files_.open(device / "of_node/gpios", common::OpenMode::read);
      if (file->read(0, cells) < cells.size()) return std::nullopt;
    } catch (const std::system_error&) {
      return std::nullopt;
    }
    return cells[4] << 24 | cells[5] << 16 | cells[6] << 8 | cells[7];
  }

  double patiently(const fs::path& file, const std::stop_token& stop) const {
    for (int attempt = 1;; ++attempt) {
      try {
        return read_device_number(files_, file);
      } catch (const std::system_error& error) {
        const bool usual = error.code() == std::errc::io_error || error.code() == std::errc::timed_out;
        if (!usual || stop.stop_requested()) throw;
        if (attempt == kTries) {
          throw SensorError(cat("the DHT has not answered ", kTries, " times (", error.code().message(),
                                "); look at the wiring and its length"));
        }
      }
      wait_(stop, kRest);
    }
  }

  common::FileSystem& files_;
  const fs::path folder_;
  const common::Wait wait_;
  const int gpio_;
  const TemperatureUnit unit_;
};

SensorKind read_settings(common::Section& section, const std::string&) {
  int gpio = 4;
  section.read("gpio", gpio, {0});
  const TemperatureUnit unit = read_temperature_unit(section);
  return {[gpio, unit](const SensorSeams& seams) { return std::make_unique<Dht>(gpio, unit, seams); },
          {"humidity", "temperature"}};
}

const RegisterSensor registered_dht11("DHT11", read_settings);
const RegisterSensor registered_dht22("DHT22", read_settings);

}  // namespace
}  // namespace imagenode
