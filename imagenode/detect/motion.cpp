#include "imagenode/detect/motion.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "common/text.hpp"
#include "imagenode/detect/registry.hpp"
#include "imagenode/detect/tuning.hpp"

namespace imagenode {
namespace {

/// Two dilations by 3x3 reach two pixels far.
constexpr int kDilations = 2;

/// The kernel for a smaller picture: divided by the scale, up to the next odd number.
int scaled_kernel(int size, int scale) {
  const int divided = (size + scale - 1) / scale;
  return divided % 2 == 1 ? divided : divided + 1;
}

cv::Mat mat_of(const common::Image& image) {
  return {image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.pixels.data())};
}

/// The box with a margin, as far as the picture goes.
RoiPixels widened(const RoiPixels& box, int margin, const common::Image& picture) {
  return {std::max(box.x1 - margin, 0), std::max(box.y1 - margin, 0), std::min(box.x2 + margin, picture.width),
          std::min(box.y2 + margin, picture.height)};
}

}  // namespace

MotionSettings read_motion_settings(common::Section& section) {
  MotionSettings settings;
  section.read("delta_threshold", settings.delta_threshold, {0, 255});
  section.read("min_area", settings.min_area, {0, 100});
  section.read("min_motion_frames", settings.min_motion_frames, {1, 100'000});
  section.read("min_still_frames", settings.min_still_frames, {1, 100'000});
  section.read("blur_kernel_size", settings.blur_kernel_size, {1, 255});
  if (settings.blur_kernel_size % 2 == 0) {
    section.problem("blur_kernel_size",
                    common::cat(settings.blur_kernel_size, " is even; a blur has a middle, so give an odd number"));
    settings.blur_kernel_size += 1;
  }
  section.read("print_still_frames", settings.print_still_frames);
  return settings;
}

bool MotionVote::add(bool moving) {
  if (moving) {
    ++moving_frames_;
  } else {
    moving_frames_ = 0;
    // Beyond the minimum the count says nothing new.
    still_frames_ = std::min(still_frames_ + 1, min_still_frames_);
  }
  const int warm_up = std::max(min_motion_frames_, min_still_frames_);
  frames_ = std::min(frames_ + 1, warm_up);
  moving_frames_ = std::min(moving_frames_, min_motion_frames_);
  if (frames_ < warm_up) return false;

  const char* decided = nullptr;
  if (moving_frames_ >= min_motion_frames_) {
    decided = "moving";
    still_frames_ = 0;
  } else if (still_frames_ >= min_still_frames_) {
    decided = "still";
  }
  if (decided == nullptr || state_ == decided) return false;
  state_ = decided;
  return true;
}

MotionDetector::MotionDetector(const MotionSettings& settings, const RoiPercent& roi, const Analysis& analysis)
    : settings_(settings),
      roi_(roi),
      analysis_(analysis),
      blur_(scaled_kernel(settings.blur_kernel_size, analysis.scale)),
      vote_(settings.min_motion_frames, settings.min_still_frames) {}

void MotionDetector::decode(const Frame& frame) const {
  frame.gray(analysis_.scale, analysis_.decoding);
}

std::optional<DetectorEvent> MotionDetector::judge(const Frame& frame, std::vector<TuningItem>* tuning) {
  const common::Image& gray = frame.gray(analysis_.scale, analysis_.decoding);
  const RoiPixels roi = roi_in(roi_, gray.width, gray.height);
  min_area_ = percent_of(settings_.min_area, roi.area());
  blur_.blur(gray, roi, blurred_);
  const RoiPixels box = average_.add(blurred_, static_cast<int>(std::floor(settings_.delta_threshold)));

  // A contour runs through the middles of its pixels, so the area that it can have at most is known without it.
  const RoiPixels reach = widened(box, kDilations, average_.mask());
  const bool possible = box.width() > 0 && static_cast<double>(reach.width() - 1) * (reach.height() - 1) >= min_area_;
  const bool moving = possible && find_contours(box, nullptr).reach_min_area;

  std::optional<DetectorEvent> event;
  if (vote_.add(moving)) {
    const Contours found = find_contours(box, nullptr);
    event = DetectorEvent{"motion", vote_.state(), {}, {}, vote_.state() == "moving" || settings_.print_still_frames};
    event->fields = {{"area_percent", 100 * found.biggest / roi.area()},
                     {"contours", static_cast<double>(found.count)}};
    event->units = {{"area_percent", "%"}};
  }
  if (tuning != nullptr) show(frame, gray, roi, box, *tuning);
  return event;
}

MotionDetector::Contours MotionDetector::find_contours(const RoiPixels& box, common::Image* dilated) const {
  Contours found;
  if (box.width() == 0) return found;
  const RoiPixels reach = widened(box, kDilations, average_.mask());
  const cv::Mat marks = mat_of(average_.mask())(cv::Rect(reach.x1, reach.y1, reach.width(), reach.height()));
  cv::Mat grown;
  // Outside of the reach there are no marks, so what it leaves out changes nothing.
  cv::dilate(marks, grown, cv::Mat(), cv::Point(-1, -1), kDilations);
  if (dilated != nullptr) {
    cv::Mat all = mat_of(*dilated);
    grown.copyTo(all(cv::Rect(reach.x1, reach.y1, reach.width(), reach.height())));
  }
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(grown, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
  found.count = contours.size();
  for (const auto& contour : contours) {
    const double area = cv::contourArea(contour);
    found.biggest = std::max(found.biggest, area);
    found.reach_min_area = found.reach_min_area || area >= min_area_;
  }
  return found;
}

void MotionDetector::show(const Frame& frame, const common::Image& gray, const RoiPixels& roi, const RoiPixels& box,
                          std::vector<TuningItem>& tuning) const {
  add_roi_pictures(frame, roi_, gray, roi, tuning);
  const cv::Mat average(blurred_.height, blurred_.width, CV_64FC1, const_cast<double*>(average_.values().data()));
  cv::Mat rounded;
  cv::convertScaleAbs(average, rounded);
  TuningItem delta{"frameDelta", common::Image::make(blurred_.width, blurred_.height, 1), {}};
  cv::Mat delta_mat = mat_of(delta.image);
  cv::absdiff(mat_of(blurred_), rounded, delta_mat);
  TuningItem thresholded{"thresholded", common::Image::make(blurred_.width, blurred_.height, 1), {}};
  const Contours found = find_contours(box, &thresholded.image);
  tuning.push_back(std::move(delta));
  tuning.push_back(std::move(thresholded));
  tuning.push_back({"State", {}, vote_.state()});
  tuning.push_back({"N Contours", {}, std::to_string(found.count)});
  tuning.push_back({"Area", {}, common::cat(found.biggest)});
}

namespace {
const RegisterDetector kMotion("motion", [](common::Section& section) -> DetectorMaker {
  return [settings = read_motion_settings(section)](const RoiPercent& roi, const Analysis& analysis) {
    return std::make_unique<MotionDetector>(settings, roi, analysis);
  };
});
}  // namespace

}  // namespace imagenode
