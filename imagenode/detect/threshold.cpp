// threshold: a value is above or below a limit. The states are above, below and normal, with which it begins.

#include <array>

#include "imagenode/detect/levels.hpp"
#include "imagenode/detect/reading_registry.hpp"

namespace imagenode {
namespace {

class Threshold final : public ReadingDetector {
 public:
  explicit Threshold(const LevelSettings& settings) : levels_(settings) {}

  void begin_as(const std::string& state) override {
    for (const Level level : {Level::above, Level::below}) {
      if (state == name_of(level)) levels_.begin_as(level);
    }
  }

  std::optional<StateChange> judge(const Sample& sample) override {
    value_ = sample.value;
    return change(levels_.judge(sample.value, sample.monotonic_ns));
  }
  std::optional<StateChange> pass(std::int64_t now_ns) override { return change(levels_.pass(now_ns)); }

 private:
  static const char* name_of(Level level) {
    constexpr std::array<const char*, 3> kStates{"normal", "above", "below"};
    return kStates.at(static_cast<std::size_t>(level));
  }
  std::optional<StateChange> change(std::optional<Level> level) const {
    if (!level) return std::nullopt;
    return StateChange{name_of(*level), value_, {}};
  }

  Levels levels_;
  double value_ = 0;
};

ReadingDetectorKind read_settings(common::Section& section, const WatchedSource&) {
  return {[settings = read_levels(section, {}, {})] { return std::make_unique<Threshold>(settings); }};
}

const RegisterReadingDetector registered("threshold", read_settings);

}  // namespace
}  // namespace imagenode
