#pragma once

#include <string>

#include "common/settings_reader.hpp"
#include "imagenode/detect/detector.hpp"
#include "imagenode/detect/gaussian_blur.hpp"
#include "imagenode/detect/roi.hpp"
#include "imagenode/detect/running_average.hpp"

namespace imagenode {

/// Sizes are those of the full picture; a scaled analysis scales them itself.
struct MotionSettings {
  double delta_threshold = 5;      ///< grey values by which a pixel must differ from the average
  double min_area = 3;             ///< percent of the region, may be a fraction
  int min_motion_frames = 3;       ///< moving frames in a row that make the state `moving`
  int min_still_frames = 3;        ///< still frames since it was last `moving` that make it `still`
  int blur_kernel_size = 15;       ///< pixels, odd
  bool print_still_frames = true;  ///< whether frames go with a `still` event
};

MotionSettings read_motion_settings(common::Section& section);

/// Turns the judgement of single frames into a state, by the reference's rules: still frames are not forgotten when
/// a moving one comes between, moving frames are.
class MotionVote {
 public:
  MotionVote(int min_motion_frames, int min_still_frames)
      : min_motion_frames_(min_motion_frames), min_still_frames_(min_still_frames) {}

  /// Returns whether the state changed.
  bool add(bool moving);
  const std::string& state() const { return state_; }

 private:
  int min_motion_frames_;
  int min_still_frames_;
  int frames_ = 0;  ///< counts no further than it must
  int moving_frames_ = 0;
  int still_frames_ = 0;
  std::string state_ = kUndecided;
};

/// Whether something in the region is `moving` or all is `still`. The algorithm is that of the Python imagenode
/// (after A. Rosebrock): blur, compare with a running average, threshold, dilate twice, and look for a contour of at
/// least min_area. With analysis scale 1 it gives the reference's events at the reference's frames.
///
/// Weak where the whole picture changes at once (a lamp goes on, the exposure is adjusted): that is motion to it.
/// Fields of an event: `area_percent` of the region within the biggest contour, and the number of `contours`.
class MotionDetector final : public Detector {
 public:
  MotionDetector(const MotionSettings& settings, const RoiPercent& roi, const Analysis& analysis);

  void decode(const Frame& frame) const override;
  std::optional<DetectorEvent> judge(const Frame& frame, std::vector<TuningItem>* tuning) override;
  const std::string& state() const override { return vote_.state(); }

 private:
  /// What was found in the mask of one frame, areas in pixels.
  struct Contours {
    std::size_t count = 0;
    double biggest = 0;
    bool reach_min_area = false;
  };

  Contours find_contours(const RoiPixels& box, common::Image* dilated) const;
  void show(const Frame& frame, const common::Image& gray, const RoiPixels& roi, const RoiPixels& box,
            std::vector<TuningItem>& tuning) const;

  MotionSettings settings_;
  RoiPercent roi_;
  Analysis analysis_;
  double min_area_ = 0;  ///< in pixels of the analysed region
  GaussianBlur blur_;
  common::Image blurred_;
  RunningAverage average_;
  MotionVote vote_;
};

}  // namespace imagenode
