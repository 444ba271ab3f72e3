// rate: a value rises or falls faster than a limit. The states are rising, falling and steady, with which it begins.

#include <array>
#include <limits>
#include <map>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "imagenode/detect/levels.hpp"
#include "imagenode/detect/reading_registry.hpp"
#include "imagenode/detect/slope.hpp"

namespace imagenode {
namespace {

constexpr double kLongest = 30.0 * 86'400;

struct RateSettings {
  LevelSettings levels;
  double per_s = 60;
  double window_s = 60;
};

/// "/min": what stands behind the unit of the field.
std::string unit_behind(double per_s) {
  static const std::map<double, std::string> kNames{{1, "s"}, {60, "min"}, {3600, "h"}, {86'400, "d"}};
  const auto name = kNames.find(per_s);
  return '/' + (name == kNames.end() ? common::cat(per_s, "s") : name->second);
}

class Rate final : public ReadingDetector {
 public:
  explicit Rate(const RateSettings& settings)
      : settings_(settings), levels_(settings.levels), slope_(common::to_ns(settings.window_s)) {}

  void begin_as(const std::string& state) override {
    for (const Level level : {Level::above, Level::below}) {
      if (state == name_of(level)) levels_.begin_as(level);
    }
  }

  std::optional<StateChange> judge(const Sample& sample) override {
    slope_.add(sample.value, sample.monotonic_ns);
    value_ = sample.value;
    const auto slope = slope_.per_second();
    if (!slope) return std::nullopt;
    rate_ = *slope * settings_.per_s;
    return change(levels_.judge(rate_, sample.monotonic_ns));
  }
  std::optional<StateChange> pass(std::int64_t now_ns) override { return change(levels_.pass(now_ns)); }

 private:
  static const char* name_of(Level level) {
    constexpr std::array<const char*, 3> kStates{"steady", "rising", "falling"};
    return kStates.at(static_cast<std::size_t>(level));
  }
  std::optional<StateChange> change(std::optional<Level> level) const {
    if (!level) return std::nullopt;
    return StateChange{name_of(*level), value_, StateChange::Number{"rate", rate_, true, unit_behind(settings_.per_s)}};
  }

  const RateSettings settings_;
  Levels levels_;
  Slope slope_;
  double value_ = 0;
  double rate_ = 0;
};

ReadingDetectorKind read_settings(common::Section& section, const WatchedSource&) {
  RateSettings settings;
  // Falling faster than 5 is below -5; "below: 5" would mean nearly always.
  settings.levels = read_levels(section, {0}, {std::numeric_limits<double>::lowest(), 0});
  section.read_duration("per", settings.per_s, 1, {1, kLongest});
  settings.window_s = settings.per_s;
  section.read_duration("window", settings.window_s, 1, {0.1, kLongest});
  return {[settings] { return std::make_unique<Rate>(settings); }};
}

const RegisterReadingDetector registered("rate", read_settings);

}  // namespace
}  // namespace imagenode
