// change: a value differs by so much from the one that was told last, or at first from the first one. The states are
// risen and fallen.

#include <cmath>

#include "imagenode/detect/reading_registry.hpp"

namespace imagenode {
namespace {

class Change final : public ReadingDetector {
 public:
  explicit Change(double by) : by_(by) {}

  void succeed(const ReadingDetector& before) override {
    if (const auto* other = dynamic_cast<const Change*>(&before)) told_ = other->told_;
  }

  std::optional<StateChange> judge(const Sample& sample) override {
    // 75.2 and 74.2 differ by a little less than 1 in binary.
    constexpr double kRounding = 1e-9;
    const double change = sample.value - told_.value_or(sample.value);
    if (!told_) told_ = sample.value;
    if (std::abs(change) < by_ * (1 - kRounding)) return std::nullopt;
    told_ = sample.value;
    return StateChange{change > 0 ? "risen" : "fallen", sample.value, StateChange::Number{"change", change, true, ""}};
  }

 private:
  const double by_;
  std::optional<double> told_;
};

ReadingDetectorKind read_settings(common::Section& section, const WatchedSource&) {
  std::optional<double> by;
  section.read("by", by);
  if (!section.has("by") || (by && *by <= 0)) section.problem("by", "a number above 0 is needed here");
  return {[by] { return std::make_unique<Change>(by.value_or(1)); }};
}

const RegisterReadingDetector registered("change", read_settings);

}  // namespace
}  // namespace imagenode
