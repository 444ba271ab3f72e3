#include "imagenode/detect/light.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/text.hpp"
#include "imagenode/detect/registry.hpp"
#include "imagenode/detect/tuning.hpp"

namespace imagenode {
namespace {

struct Brightness {
  std::uint64_t pixels = 0;
  std::uint64_t sum = 0;
  std::uint64_t lighted = 0;  ///< pixels that reach the threshold

  double mean() const { return static_cast<double>(sum) / static_cast<double>(pixels); }
  double lighted_percent() const { return 100.0 * static_cast<double>(lighted) / static_cast<double>(pixels); }
};

Brightness measure(const common::Image& gray, const RoiPixels& roi, double threshold) {
  Brightness found;
  for (int y = roi.y1; y < roi.y2; ++y) {
    const std::uint8_t* row = gray.pixels.data() + static_cast<std::size_t>(y) * gray.row_bytes();
    // Narrow sums, which the compiler turns into vector instructions; a row is far too short to overflow them.
    std::uint32_t sum = 0;
    std::uint32_t lighted = 0;
    for (int x = roi.x1; x < roi.x2; ++x) {
      sum += row[x];
      lighted += row[x] >= threshold ? 1 : 0;
    }
    found.sum += sum;
    found.lighted += lighted;
  }
  found.pixels = static_cast<std::uint64_t>(roi.width()) * static_cast<std::uint64_t>(roi.height());
  return found;
}

}  // namespace

LightSettings read_light_settings(common::Section& section) {
  LightSettings settings;
  section.read("threshold", settings.threshold, {0, 255});
  section.read("percent", settings.percent, {0, 100});
  section.read("hysteresis", settings.hysteresis, {0, 255});
  section.read("min_frames", settings.min_frames, {1, 10'000});
  return settings;
}

LightDetector::LightDetector(const LightSettings& settings, const RoiPercent& roi, const Analysis& analysis)
    : settings_(settings), roi_(roi), analysis_(analysis) {}

void LightDetector::decode(const Frame& frame) const {
  frame.gray(analysis_.scale, analysis_.decoding);
}

std::optional<DetectorEvent> LightDetector::judge(const Frame& frame, std::vector<TuningItem>* tuning) {
  const common::Image& gray = frame.gray(analysis_.scale, analysis_.decoding);
  const RoiPixels roi = roi_in(roi_, gray.width, gray.height);
  const Brightness found = measure(gray, roi, settings_.threshold);
  // Whole grey values, as the reference's int(): a mean of 100.9 is not above a threshold of 100.
  const std::uint64_t whole_mean = found.sum / found.pixels;
  const double less = state_ == "lighted" ? settings_.hysteresis : 0;
  const bool lighted = settings_.percent ? found.lighted_percent() >= *settings_.percent - less
                                         : static_cast<double>(whole_mean) > settings_.threshold - less;
  history_.push_back(lighted);
  if (history_.size() > static_cast<std::size_t>(settings_.min_frames)) history_.pop_front();

  std::optional<DetectorEvent> event;
  const bool agreed = history_.size() == static_cast<std::size_t>(settings_.min_frames) &&
                      std::all_of(history_.begin(), history_.end(), [lighted](bool was) { return was == lighted; });
  const char* decided = lighted ? "lighted" : "dark";
  if (agreed && state_ != decided) {
    state_ = decided;
    event = DetectorEvent{"light", state_, {}, {}, true};
    event->fields = {{"mean_gray", found.mean()}, {"lighted", found.lighted_percent()}};
    event->units = {{"lighted", "%"}};
  }
  if (tuning != nullptr) {
    add_roi_pictures(frame, roi_, gray, roi, *tuning);
    tuning->push_back({"State", {}, state_});
    tuning->push_back({"Mean Pixel Value", {}, std::to_string(whole_mean)});
  }
  return event;
}

namespace {
const RegisterDetector kLight("light", [](common::Section& section) -> DetectorMaker {
  return [settings = read_light_settings(section)](const RoiPercent& roi, const Analysis& analysis) {
    return std::make_unique<LightDetector>(settings, roi, analysis);
  };
});
}  // namespace

}  // namespace imagenode
