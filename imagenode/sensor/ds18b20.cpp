// DS18B20: a thermometer on the kernel's 1-wire bus, which shows it as a folder 28-<number> in bus/w1/devices.

#include <algorithm>
#include <cmath>
#include <optional>
#include <system_error>

#include "common/setting_values.hpp"
#include "common/text.hpp"
#include "imagenode/sensor/device_files.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "imagenode/sensor/registry.hpp"
#include "imagenode/sensor/temperature.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr int kTries = 3;

/// What it holds after power-on until it has measured; a poor supply has it start anew in the middle of that.
constexpr double kPowerOn = 85;
/// A thermometer that was as hot as this may well be at 85 degrees.
constexpr double kNearPowerOn = 80;

class Ds18b20 final : public Sensor {
 public:
  Ds18b20(std::string id, TemperatureUnit unit, const SensorSeams& seams)
      : files_(seams.files), bus_(seams.sysfs / "bus/w1/devices"), id_(std::move(id)), unit_(unit) {}

  std::vector<Reading> read(const std::stop_token&) override {
    celsius_ = measure(find());
    const double value = in_unit(*celsius_, unit_);
    Reading reading;
    reading.fields["temperature"] = value;
    reading.units["temperature"] = name_of(unit_);
    reading.text = cat("Temp|", shown(judged(value), name_of(unit_)));
    return {reading};
  }

  /// The Python node sent whole degrees, cut towards zero, and compared those.
  double judged(double value) const override { return std::trunc(value); }

 private:
  fs::path find() const {
    const auto found = names_below(files_, bus_, "28-");
    if (!id_.empty()) {
      for (const std::string& name : {id_, "28-" + id_}) {
        if (common::exists(files_, bus_ / name)) return bus_ / name;
      }
      throw SensorError(cat("there is no ", common::escaped(id_), " on the 1-wire bus, which has ",
                            found.empty() ? "no DS18B20" : listed(found), "; look at id and at the wiring"));
    }
    if (found.empty()) {
      throw SensorError(cat("there is no DS18B20 (28-...) in ", bus_.string(),
                            "; switch 1-wire on (dtoverlay=w1-gpio in config.txt) and check the wiring"));
    }
    if (found.size() > 1) {
      throw SensorError(cat("there are several DS18B20 (", listed(found), "); say which, such as id: ", found.front()));
    }
    return bus_ / found.front();
  }

  double measure(const fs::path& device) const {
    std::string wrong;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      try {
        const auto celsius = read_celsius(device);
        if (!celsius) {
          wrong = "gives readings with a wrong CRC; look at the wiring and its length";
        } else if (*celsius == kPowerOn && celsius_.value_or(0) < kNearPowerOn) {
          wrong = "gives 85 C, which it holds before it has measured; look at its supply voltage";
        } else {
          return *celsius;
        }
      } catch (const std::system_error& error) {  // so the kernel tells of a wrong CRC too
        wrong = cat("does not answer (", error.code().message(), "); look at the wiring");
      }
    }
    throw SensorError(cat(device.filename().string(), ' ', wrong));
  }

  std::optional<double> read_celsius(const fs::path& device) const {
    if (!common::exists(files_, device / "temperature")) return slave_celsius(device / "w1_slave");
    return read_device_number(files_, device / "temperature") / 1000;
  }

  /// Of the two lines "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES" and "72 01 4b 46 7f ff 0e 10 57 t=23125", in older
  /// kernels the only file. Nothing when the CRC is wrong, or right only because a bus without the thermometer reads as
  /// zeros.
  std::optional<double> slave_celsius(const fs::path& file) const {
    const std::string text = read_device_text(files_, file);
    const std::string_view first = std::string_view(text).substr(0, text.find('\n'));
    if (!common::trimmed(first).ends_with("YES") || first.starts_with("00 00 00 00 00 00 00 00 00"))
      return std::nullopt;
    const auto at = text.rfind("t=");
    const auto milli = at == std::string::npos ? std::nullopt : common::to_double(text.substr(at + 2));
    if (!milli) throw SensorError(cat(file.string(), " holds no temperature"));
    return *milli / 1000;
  }

  common::FileSystem& files_;
  const fs::path bus_;
  const std::string id_;
  const TemperatureUnit unit_;
  std::optional<double> celsius_;  // of the reading before
};

SensorKind read_settings(common::Section& section, const std::string&) {
  int ignored = 0;  // the pin is chosen by the kernel's overlay
  section.read("gpio", ignored, {0});
  std::string id;
  section.read("id", id);
  if (id.find('/') != std::string::npos) section.problem("id", "is a name such as 28-0316a2794fff, not a path");
  const TemperatureUnit unit = read_temperature_unit(section);
  return {[id, unit](const SensorSeams& seams) { return std::make_unique<Ds18b20>(id, unit, seams); }, {"temperature"}};
}

const RegisterSensor registered("DS18B20", read_settings);

}  // namespace
}  // namespace imagenode
