// command: a program that measures; what it prints is the reading. Only the settings file names it, and no shell is
// used.

#include <map>

#include "common/clock.hpp"
#include "common/run_program.hpp"
#include "imagenode/sensor/program_output.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "imagenode/sensor/registry.hpp"

namespace imagenode {
namespace {

struct CommandSettings {
  std::vector<std::string> words;
  double timeout_s = 10;
  std::string unit;                          // of a lone number
  std::map<std::string, std::string> units;  // of fields by name
  std::string label;
};

class CommandSensor final : public Sensor {
 public:
  explicit CommandSensor(CommandSettings settings) : settings_(std::move(settings)) {}

  std::vector<Reading> read(const std::stop_token& stop) override {
    Reading reading =
        parse_program_output(common::run_program(settings_.words, common::to_ns(settings_.timeout_s), stop));
    if (!settings_.unit.empty() && reading.fields.contains("value")) reading.units["value"] = settings_.unit;
    for (const auto& [name, unit] : settings_.units) {
      if (reading.fields.contains(name)) reading.units[name] = unit;
    }
    reading.text = text_of(settings_.label, reading);
    return {reading};
  }

 private:
  const CommandSettings settings_;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  CommandSettings settings;
  settings.label = label;
  section.read("command", settings.words);
  if (settings.words.empty() || settings.words.front().empty()) {
    section.problem("command", "a program with its arguments is needed, such as [vcgencmd, measure_temp]");
  } else if (settings.words.size() == 1 && settings.words.front().find(' ') != std::string::npos) {
    section.problem("command", "there is no shell to take this apart; write a list, such as [vcgencmd, measure_temp]");
  }
  section.read_duration("timeout", settings.timeout_s, 1, {0.1, 600});
  section.read("unit", settings.unit);
  for (auto& [name, unit] : section.named_texts("units")) settings.units[name] = unit;
  return {[settings](const SensorSeams&) { return std::make_unique<CommandSensor>(settings); }, {}};
}

const RegisterSensor registered("command", read_settings);

}  // namespace
}  // namespace imagenode
