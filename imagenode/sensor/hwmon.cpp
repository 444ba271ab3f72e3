// hwmon: an input of any chip that the kernel watches the computer with: temperatures, voltages, fans. The units are
// those of the kernel's page Documentation/hwmon/sysfs-interface.

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
    Quantity{"temp", 0.001, "C"}, Quantity{"in", 0.001, "V"},    Quantity{"curr", 0.001, "A"},
    Quantity{"power", 1e-6, "W"}, Quantity{"energy", 1e-6, "J"}, Quantity{"humidity", 0.001, "%"},
    Quantity{"fan", 1, "rpm"},    Quantity{"freq", 1, "Hz"},
};

class Hwmon final : public Sensor {
 public:
  Hwmon(std::string chip, std::string input, KernelValue value, std::string label, const SensorSeams& seams)
      : files_(seams.files),
        folder_(seams.sysfs / "class/hwmon"),
        chip_(std::move(chip)),
        input_(std::move(input)),
        value_(std::move(value)),
        label_(std::move(label)) {}

  std::vector<Reading> read(const std::stop_token&) override {
    const fs::path chip = only_device(files_, folder_, chip_, "chip");
    const auto number = read_number_if_there(files_, chip / (input_ + "_input"));
    if (!number) {
      std::vector<std::string> inputs = names_below(files_, chip, "");
      std::erase_if(inputs, [](const std::string& name) { return !name.ends_with("_input"); });
      for (std::string& name : inputs) name.resize(name.rfind('_'));
      throw SensorError(cat(common::escaped(chip_), " has no input ", common::escaped(input_), "; it has ",
                            inputs.empty() ? "none" : listed(inputs)));
    }
    return {value_.reading(label_, input_, *number)};
  }

 private:
  common::FileSystem& files_;
  const fs::path folder_;
  const std::string chip_;
  const std::string input_;
  const KernelValue value_;
  const std::string label_;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  std::string chip;
  section.read("chip", chip);
  if (chip.empty()) section.problem("chip", "the name of a chip is needed, such as cpu_thermal");
  std::string input;
  section.read("input", input);
  if (input.empty() || input.find('/') != std::string::npos) {
    section.problem("input", "the name of an input is needed, such as temp1, in0 or fan1");
  }
  const KernelValue value = KernelValue::read(section, type_of(input), kQuantities);
  return {[=](const SensorSeams& seams) { return std::make_unique<Hwmon>(chip, input, value, label, seams); }, {input}};
}

const RegisterSensor registered("hwmon", read_settings);

}  // namespace
}  // namespace imagenode
