#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/detect/detector.hpp"
#include "imagenode/detect/mean_colour.hpp"
#include "imagenode/detect/roi.hpp"

namespace imagenode {

/// A colour with a name: whatever lies within all of its ranges, both ends included.
struct NamedColour {
  struct Range {
    double from;
    double to;
  };

  std::string name;
  std::optional<Range> hue;  ///< degrees; goes through 360 when `from` is greater than `to`
  Range saturation{0, 100};  ///< percent
  Range value{0, 100};       ///< percent

  /// A region without hue lies in no range of hues.
  bool holds(const Hsv& colour) const;
};

/// The state of a region that has none of the colours.
inline constexpr const char* kNoColour = "none";

struct ColorSettings {
  std::vector<NamedColour> states;  ///< the first that holds counts
  int min_frames = 5;               ///< frames in a row that must agree
};

ColorSettings read_color_settings(common::Section& section);

/// Which of the named colours the region has; `none` when it has none of them.
///
/// Judged is the mean of the region's pixels: the colour that it would have if it were blurred into one spot. Noise of
/// the camera cancels out, analysis_scale makes no difference, and the mean's hue is the circular mean of the pixels'
/// hues, each weighted by how colourful its pixel is (A. Hanbury, "Circular statistics applied to colour images",
/// 2003), to about a degree. So grey around a coloured thing takes from the saturation, not from the hue.
///
/// Weak where two strong colours share the region: red and green are yellow then. Light of another colour, as in the
/// evening, is another colour of the region. Fields of an event: `hue` in degrees, left out where there is none, and
/// `saturation` and `value` in percent.
class ColorDetector final : public Detector {
 public:
  ColorDetector(ColorSettings settings, const RoiPercent& roi, const Analysis& analysis);

  void decode(const Frame& frame) const override;
  std::optional<DetectorEvent> judge(const Frame& frame, std::vector<TuningItem>* tuning) override;
  const std::string& state() const override { return state_; }

 private:
  std::string name_of(const Hsv& colour) const;
  void show(const Frame& frame, const Hsv& colour, std::vector<TuningItem>& tuning) const;

  ColorSettings settings_;
  RoiPercent roi_;
  Analysis analysis_;
  std::string seen_;  ///< of the latest frame
  int in_a_row_ = 0;  ///< frames that agree with it; counts no further than it must
  std::string state_ = kUndecided;
};

}  // namespace imagenode
