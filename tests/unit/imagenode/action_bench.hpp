#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "common/thread.hpp"
#include "fake_clock.hpp"
#include "fake_gpio.hpp"
#include "imagenode/group.hpp"
#include "imagenode/output/audience.hpp"

/// Actions as a settings file has them, on pins of memory. Whoever waits there does not wait, unless a test has it so.
class ActionBench {
 public:
  /// Entries of `actions:`, one per line, in flow style: "siren: {type: gpio, ...}".
  explicit ActionBench(const std::vector<std::string>& entries) : settings_(settings(entries)) {}

  static imagenode::KnownViews views() { return {{"P1", "door", 1}, {"P2", "yard", 0}}; }

  static std::vector<imagenode::ActionSettings> settings(const std::vector<std::string>& entries) {
    std::string text = "actions:\n";
    for (const std::string& entry : entries) text += "  " + entry + "\n";
    auto file = common::SettingsFile::parse(text, "imagenode.yaml");
    auto root = file.root();
    auto actions = imagenode::read_actions(root, views());
    file.finish();
    return actions;
  }
  static std::string problems(const std::string& entry) {
    try {
      settings({entry});
    } catch (const common::SettingsError& error) {
      return error.what();
    }
    return "";
  }

  void start() {
    const auto make = [this](const imagenode::ActionSettings& one) {
      return std::make_unique<imagenode::Action>(
          one, imagenode::DeedSeams{pins_, frames, wait}, [this](const imagenode::Reading& told) { take(told); }, clock,
          liveness_);
    };
    actions_.become(actions_.renewed(settings_, {}, make));
    std::vector<imagenode::Action*> all;
    for (const auto& action : actions_.all()) all.push_back(action.get());
    audience_.become({}, all);
  }
  void request_stop() { actions_.request_stop(); }
  void stop() {
    actions_.stop();
    pins_.let_go();
  }
  void tick() {
    for (const auto& action : actions_.all()) action->tick();
  }

  /// The node tells an event.
  void happens(const std::string& text, const std::map<std::string, double>& fields = {}) {
    auto event = std::make_shared<common::Message>();
    event->text = text;
    event->node = "Barn";
    event->fields = fields;
    audience_.hear(event);
  }

  /// The texts that were told so far, once there are so many.
  std::vector<std::string> told(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return told_.size() >= count; });
    std::vector<std::string> texts;
    for (const auto& reading : told_) texts.push_back(reading.text);
    return texts;
  }
  imagenode::Reading last() {
    const std::lock_guard lock(mutex_);
    return told_.back();
  }

  imagenode::ActionCounts counts(const std::string& label) const {
    for (const auto& action : actions_.all()) {
      if (action->settings().label == label) return action->counts();
    }
    throw std::out_of_range(label);
  }
  FakeGpio::Line& line(unsigned offset) { return gpio.line(offset); }

  FakeGpio gpio;
  FakeClock clock;
  imagenode::AskForFrames frames = [](const std::string&) { return [] { return std::optional<std::string>(""); }; };
  common::Wait wait = [](const std::stop_token&, std::int64_t) {};

 private:
  void take(const imagenode::Reading& told) {
    const std::lock_guard lock(mutex_);
    told_.push_back(told);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<imagenode::Reading> told_;
  common::Liveness liveness_;
  const std::vector<imagenode::ActionSettings> settings_;
  imagenode::SharedPins pins_{gpio.chips()};
  imagenode::Group<imagenode::Action> actions_;
  imagenode::Audience audience_;
};
