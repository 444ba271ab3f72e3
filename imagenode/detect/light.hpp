#pragma once

#include <deque>
#include <optional>

#include "common/settings_reader.hpp"
#include "imagenode/detect/detector.hpp"
#include "imagenode/detect/roi.hpp"

namespace imagenode {

struct LightSettings {
  double threshold = 100;         ///< grey value, 0 to 255
  std::optional<double> percent;  ///< share of the pixels that must reach the threshold; without it the mean decides
  double hysteresis = 0;          ///< by so much it must get darker than that until it is dark again
  int min_frames = 5;             ///< frames in a row that must agree
};

LightSettings read_light_settings(common::Section& section);

/// Whether the region is `lighted` or `dark`. Without `percent` the reference's rule: int(mean grey) > threshold.
/// What is lighted stays so until it falls below by `hysteresis`, in grey values or percent, whichever decides.
/// Fields of an event: `mean_gray`, and `lighted` in percent of the pixels.
class LightDetector final : public Detector {
 public:
  LightDetector(const LightSettings& settings, const RoiPercent& roi, const Analysis& analysis);

  void decode(const Frame& frame) const override;
  std::optional<DetectorEvent> judge(const Frame& frame, std::vector<TuningItem>* tuning) override;
  const std::string& state() const override { return state_; }

 private:
  LightSettings settings_;
  RoiPercent roi_;
  Analysis analysis_;
  std::deque<bool> history_;
  std::string state_ = kUndecided;
};

}  // namespace imagenode
