#include "imagenode/detect/levels.hpp"

#include "common/clock.hpp"

namespace imagenode {

LevelSettings read_levels(common::Section& section, common::Range<double> above, common::Range<double> below) {
  LevelSettings settings;
  section.read("above", settings.above, above);
  section.read("below", settings.below, below);
  section.read("hysteresis", settings.hysteresis, {0});
  section.read_duration("for", settings.for_s, 1, {0, 30.0 * 86'400});
  const bool both = settings.above && settings.below;
  if (!section.has("above") && !section.has("below")) {
    section.problem("above", "above or below is needed here, or both");
  } else if (both && *settings.above < *settings.below) {
    section.problem("above", "must not be less than below");
  } else if (both && settings.hysteresis > *settings.above - *settings.below) {
    section.problem("hysteresis", "must not be more than lies between below and above");
  }
  return settings;
}

Levels::Levels(const LevelSettings& settings) : settings_(settings) {}

std::optional<Level> Levels::judge(double value, std::int64_t now_ns) {
  const Level level = level_of(value);
  if (level == level_) {
    next_.reset();
  } else if (next_ != level) {
    next_ = level;
    since_ns_ = now_ns;
  }
  return pass(now_ns);
}

std::optional<Level> Levels::pass(std::int64_t now_ns) {
  if (!next_ || now_ns - since_ns_ < common::to_ns(settings_.for_s)) return std::nullopt;
  level_ = *next_;
  next_.reset();
  return level_;
}

Level Levels::level_of(double value) const {
  const auto room = [this](Level level) { return level_ == level ? settings_.hysteresis : 0; };
  if (settings_.above && value > *settings_.above - room(Level::above)) return Level::above;
  if (settings_.below && value < *settings_.below + room(Level::below)) return Level::below;
  return Level::normal;
}

}  // namespace imagenode
