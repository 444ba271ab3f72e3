// iio: a channel of any device that the kernel's Industrial I/O knows: BME280, ADS1115, BH1750 ... The units are those
// of the kernel's page Documentation/ABI/testing/sysfs-bus-iio.

#include <array>

#include "common/text.hpp"
#include "imagenode/sensor/device_files.hpp"
#include "imagenode/sensor/named_devices.hpp"
#include "imagenode/sensor/quantity.hpp"
#include "imagenode/sensor/registry.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr std::array kQuantities{
    Quantity{"temp", 0.001, "C"},
    Quantity{"humidityrelative", 0.001, "%"},
    Quantity{"pressure", 1, "kPa"},
    Quantity{"voltage", 0.001, "V"},
    Quantity{"altvoltage", 0.001, "V"},
    Quantity{"current", 0.001, "A"},
    Quantity{"power", 0.001, "W"},
    Quantity{"energy", 1, "J"},
    Quantity{"illuminance", 1, "lx"},
    Quantity{"resistance", 1, "Ohm"},
    Quantity{"capacitance", 1, "nF"},
    Quantity{"distance", 1, "m"},
    Quantity{"accel", 1, "m/s2"},
    Quantity{"anglvel", 1, "rad/s"},
    Quantity{"angl", 1, "rad"},
    Quantity{"magn", 1, "G"},
    Quantity{"concentration", 1, "%"},
    Quantity{"massconcentration", 1, "ug/m3"},
    Quantity{"electricalconductivity", 1, "S/m"},
};

class Iio final : public Sensor {
 public:
  Iio(std::string device, std::string channel, KernelValue value, std::string label, const SensorSeams& seams)
      : files_(seams.files),
        folder_(seams.sysfs / "bus/iio/devices"),
        device_(std::move(device)),
        channel_(std::move(channel)),
        value_(std::move(value)),
        label_(std::move(label)) {}

  std::vector<Reading> read(const std::stop_token&) override {
    return {value_.reading(label_, channel_, measure(only_device(files_, folder_, device_, "device")))};
  }

 private:
  double measure(const fs::path& device) const {
    if (const auto ready = read_number_if_there(files_, device / cat("in_", channel_, "_input"))) return *ready;
    const auto raw = read_number_if_there(files_, device / cat("in_", channel_, "_raw"));
    if (!raw) {
      std::string channels;
      for (const std::string& name : names_below(files_, device, "in_")) {
        for (const char* end : {"_input", "_raw"}) {
          if (name.ends_with(end)) channels += ' ' + name.substr(3, name.size() - 3 - std::string(end).size());
        }
      }
      throw SensorError(cat(common::escaped(device_), " has no channel ", common::escaped(channel_), "; it has",
                            channels.empty() ? " none" : channels));
    }
    return (*raw + attribute(device, "offset").value_or(0)) * attribute(device, "scale").value_or(1);
  }

  /// Of the channel, or one that all of its type share: in_voltage_scale, in_voltage-voltage_scale.
  std::optional<double> attribute(const fs::path& device, const char* what) const {
    const std::string type = type_of(channel_);
    for (const std::string& of : {channel_, type, cat(type, '-', type)}) {
      if (const auto value = read_number_if_there(files_, device / cat("in_", of, '_', what))) return value;
    }
    return std::nullopt;
  }

  common::FileSystem& files_;
  const fs::path folder_;
  const std::string device_;
  const std::string channel_;
  const KernelValue value_;
  const std::string label_;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  std::string device;
  section.read("device", device);
  if (device.empty()) section.problem("device", "the name of an IIO device is needed, such as bme280");
  std::string channel;
  section.read("channel", channel);
  if (channel.empty() || channel.find('/') != std::string::npos) {
    section.problem("channel", "the name of a channel is needed, such as temp, pressure or voltage0");
  }
  const KernelValue value = KernelValue::read(section, type_of(channel), kQuantities);
  return {[=](const SensorSeams& seams) { return std::make_unique<Iio>(device, channel, value, label, seams); },
          {channel}};
}

const RegisterSensor registered("iio", read_settings);

}  // namespace
}  // namespace imagenode
