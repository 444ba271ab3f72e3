// command: runs a program. Only the settings file names it, no shell takes anything apart, and what an event says stays
// within its argument, so that an event can have no other program run.

#include <memory>
#include <stdexcept>

#include "common/clock.hpp"
#include "common/run_program.hpp"
#include "imagenode/output/action_registry.hpp"
#include "imagenode/output/event_template.hpp"

namespace imagenode {
namespace {

struct CommandActionSettings {
  std::vector<EventTemplate> words;
  double timeout_s = 10;
};

class CommandDeed final : public Deed {
 public:
  explicit CommandDeed(CommandActionSettings settings) : settings_(std::move(settings)) {}

  void carry_out(const common::Message& event, const std::stop_token& stop) override {
    common::run_program(words(event), common::to_ns(settings_.timeout_s), stop);
  }

  std::string plan(const common::Message& event) const override {
    std::string all = "run";
    for (const std::string& word : words(event)) all += " '" + word + '\'';
    return all;
  }

 private:
  std::vector<std::string> words(const common::Message& event) const {
    std::vector<std::string> filled;
    for (const EventTemplate& word : settings_.words) filled.push_back(word.filled(event));
    return filled;
  }

  const CommandActionSettings settings_;
};

ActionKind read_settings(common::Section& section, const KnownViews&) {
  CommandActionSettings settings;
  std::vector<std::string> words;
  section.read("command", words);
  if (words.empty() || words.front().empty()) {
    section.problem("command", "a program with its arguments is needed, such as [/usr/local/bin/notify, \"{text}\"]");
  } else if (words.size() == 1 && words.front().find(' ') != std::string::npos) {
    section.problem("command", "there is no shell to take this apart; write a list, such as [notify, \"{text}\"]");
  }
  for (const std::string& word : words) {
    try {
      settings.words.emplace_back(word);
    } catch (const std::runtime_error& error) {
      section.problem("command", error.what());
    }
  }
  if (!settings.words.empty() && !settings.words.front().is_fixed()) {
    section.problem("command", "the program itself cannot come from an event");
  }
  section.read_duration("timeout", settings.timeout_s, 1, {0.1, 600});
  return {[settings](const DeedSeams&) { return std::make_unique<CommandDeed>(settings); }};
}

const RegisterAction registered("command", read_settings);

}  // namespace
}  // namespace imagenode
