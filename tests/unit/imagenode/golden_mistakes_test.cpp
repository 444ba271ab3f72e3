#include <cmath>
#include <deque>
#include <map>
#include <opencv2/imgproc.hpp>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "common/text.hpp"
#include "golden.hpp"
#include "imagenode/detect/light.hpp"
#include "imagenode/detect/motion.hpp"

// The golden clips are worth what they catch. Here the reference's rules stand once more, plainly in OpenCV, with the
// mistakes that somebody who writes a detector is likely to make.

using namespace imagenode;

namespace {

const std::vector<std::string> kMotionMistakes{"roi+1",      "still reset",  "moving kept", "warm min", "before",
                                               "delta>=",    "dilate1",      "dilate3",     "area >",   "area nofloor",
                                               "area count", "blur outside", "blur+2"};
const std::vector<std::string> kLightMistakes{"roi+1", "light >=", "min_frames-1", "round", "no int"};

cv::Rect region(const RoiPercent& percent, const cv::Mat& gray, const std::string& mistake) {
  const int x1 = static_cast<int>(percent.x1) * gray.cols / 100;
  const int y1 = static_cast<int>(percent.y1) * gray.rows / 100;
  const int inclusive = mistake == "roi+1" ? 1 : 0;
  const int x2 = std::min(static_cast<int>(percent.x2) * gray.cols / 100 + inclusive, gray.cols);
  const int y2 = std::min(static_cast<int>(percent.y2) * gray.rows / 100 + inclusive, gray.rows);
  return {x1, y1, x2 - x1, y2 - y1};
}

class PlainJudge {
 public:
  virtual ~PlainJudge() = default;
  /// A new state, or empty.
  virtual std::string judge(const cv::Mat& gray) = 0;
};

class PlainMotion final : public PlainJudge {
 public:
  PlainMotion(MotionSettings settings, RoiPercent roi, std::string mistake)
      : settings_(settings), roi_(roi), mistake_(std::move(mistake)) {}

  std::string judge(const cv::Mat& gray) override {
    vote(is_moving(changes(blurred(gray))));
    ++frames_;
    const int warm_up = mistake_ == "warm min" ? std::min(settings_.min_motion_frames, settings_.min_still_frames)
                                               : std::max(settings_.min_motion_frames, settings_.min_still_frames);
    if (frames_ < warm_up) return {};
    const std::string before = state_;
    if (moving_frames_ >= settings_.min_motion_frames) {
      state_ = "moving";
      still_frames_ = 0;
    } else if (still_frames_ >= settings_.min_still_frames) {
      state_ = "still";
    }
    return state_ == before ? std::string() : state_;
  }

 private:
  cv::Mat blurred(const cv::Mat& gray) const {
    const int kernel = settings_.blur_kernel_size + (mistake_ == "blur+2" ? 2 : 0);
    const cv::Rect part = region(roi_, gray, mistake_);
    cv::Mat out;
    if (mistake_ == "blur outside") {
      cv::GaussianBlur(gray, out, {kernel, kernel}, 0);
      return out(part).clone();
    }
    cv::GaussianBlur(gray(part).clone(), out, {kernel, kernel}, 0);
    return out;
  }

  cv::Mat changes(const cv::Mat& blurred) {
    if (average_.empty()) blurred.convertTo(average_, CV_64F);
    if (mistake_ != "before") cv::accumulateWeighted(blurred, average_, 0.5);
    cv::Mat rounded;
    cv::Mat delta;
    cv::convertScaleAbs(average_, rounded);
    cv::absdiff(blurred, rounded, delta);
    if (mistake_ == "before") cv::accumulateWeighted(blurred, average_, 0.5);
    cv::threshold(delta, delta, settings_.delta_threshold - (mistake_ == "delta>=" ? 1 : 0), 255, cv::THRESH_BINARY);
    cv::dilate(delta, delta, cv::Mat(), {-1, -1}, mistake_ == "dilate1" ? 1 : mistake_ == "dilate3" ? 3 : 2);
    return delta;
  }

  bool is_moving(const cv::Mat& changes) const {
    double min_area = static_cast<double>(changes.total()) * settings_.min_area / 100;
    if (mistake_ != "area nofloor") min_area = std::floor(min_area);
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(changes, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    return std::any_of(contours.begin(), contours.end(), [&](const std::vector<cv::Point>& contour) {
      double area = cv::contourArea(contour);
      if (mistake_ == "area count") {
        cv::Mat filled = cv::Mat::zeros(changes.size(), CV_8UC1);
        cv::drawContours(filled, std::vector<std::vector<cv::Point>>{contour}, 0, 255, cv::FILLED);
        area = cv::countNonZero(filled);
      }
      return mistake_ == "area >" ? area > min_area : area >= min_area;
    });
  }

  void vote(bool moving) {
    if (moving) {
      ++moving_frames_;
      if (mistake_ == "still reset") still_frames_ = 0;
    } else {
      if (mistake_ != "moving kept") moving_frames_ = 0;
      ++still_frames_;
    }
    // Kept moving frames would never let go of a state; the mistake is to keep them until it is decided.
    if (mistake_ == "moving kept" && still_frames_ >= settings_.min_still_frames) moving_frames_ = 0;
  }

  MotionSettings settings_;
  RoiPercent roi_;
  std::string mistake_;
  cv::Mat average_;
  int frames_ = 0;
  int moving_frames_ = 0;
  int still_frames_ = 0;
  std::string state_ = "unknown";
};

class PlainLight final : public PlainJudge {
 public:
  PlainLight(LightSettings settings, RoiPercent roi, std::string mistake)
      : settings_(settings), roi_(roi), mistake_(std::move(mistake)) {}

  std::string judge(const cv::Mat& gray) override {
    const cv::Mat part = gray(region(roi_, gray, mistake_));
    const double exact = cv::sum(part)[0] / static_cast<double>(part.total());
    const double mean = mistake_ == "round" ? std::round(exact) : mistake_ == "no int" ? exact : std::floor(exact);
    const bool lighted = mistake_ == "light >=" ? mean >= settings_.threshold : mean > settings_.threshold;
    const auto length = static_cast<std::size_t>(settings_.min_frames - (mistake_ == "min_frames-1" ? 1 : 0));
    history_.push_back(lighted);
    if (history_.size() > length) history_.pop_front();
    const bool agreed = history_.size() == length && std::set<bool>(history_.begin(), history_.end()).size() == 1;
    const std::string decided = lighted ? "lighted" : "dark";
    if (!agreed || decided == state_) return {};
    state_ = decided;
    return state_;
  }

 private:
  LightSettings settings_;
  RoiPercent roi_;
  std::string mistake_;
  std::deque<bool> history_;
  std::string state_ = "unknown";
};

/// Reads a golden case's settings without the readers of the detectors, so that those are checked too.
std::vector<std::pair<std::string, std::unique_ptr<PlainJudge>>> plain_judges(const golden::Case& one,
                                                                              const std::string& mistake) {
  auto file = common::SettingsFile::load(one.settings);
  auto root = file.root();
  std::vector<std::pair<std::string, std::unique_ptr<PlainJudge>>> judges;
  for (auto& [kind, section] : root.kinds("detectors", {"light", "motion"})) {
    std::vector<double> corners{0, 0, 100, 100};
    section.read_numbers("ROI", 4, corners);
    const RoiPercent roi{corners[0], corners[1], corners[2], corners[3]};
    std::string name;
    section.read("roi_name", name);
    const std::string suffix = name.empty() ? "" : "|" + name;
    if (kind == "motion") {
      MotionSettings settings;
      section.read("delta_threshold", settings.delta_threshold);
      section.read("min_area", settings.min_area);
      section.read("min_motion_frames", settings.min_motion_frames);
      section.read("min_still_frames", settings.min_still_frames);
      section.read("blur_kernel_size", settings.blur_kernel_size);
      judges.emplace_back(suffix, std::make_unique<PlainMotion>(settings, roi, mistake));
    } else {
      LightSettings settings;
      section.read("threshold", settings.threshold);
      section.read("min_frames", settings.min_frames);
      judges.emplace_back(suffix, std::make_unique<PlainLight>(settings, roi, mistake));
    }
  }
  return judges;
}

/// The grey pictures of a clip, decoded once for all tests.
const std::vector<cv::Mat>& gray_pictures(const std::filesystem::path& clip) {
  static std::map<std::filesystem::path, std::vector<cv::Mat>> kept;
  auto [at, fresh] = kept.try_emplace(clip);
  if (fresh) {
    for (const FramePtr& frame : golden::read_clip(clip, golden::Read::decoded)) {
      const auto bytes = frame->data().view();
      const cv::Mat bgr(frame->height(), frame->width(), CV_8UC3, const_cast<std::uint8_t*>(bytes.data()));
      cv::cvtColor(bgr, at->second.emplace_back(), cv::COLOR_BGR2GRAY);
    }
  }
  return at->second;
}

std::vector<std::string> plain_events(const golden::Case& one, const std::string& mistake) {
  auto judges = plain_judges(one, mistake);
  std::vector<std::string> events;
  int number = 0;
  for (const cv::Mat& gray : gray_pictures(one.clip)) {
    for (auto& [suffix, judge] : judges) {
      const std::string state = judge->judge(gray);
      if (state.empty()) continue;
      const bool is_light = state == "lighted" || state == "dark";
      events.push_back(common::cat(number, '\t', golden::kSender, is_light ? "|light|" : "|motion|", state, suffix));
    }
    ++number;
  }
  return events;
}

/// The cases that tell a detector with this mistake from a right one.
std::string caught_by(const std::string& mistake, const std::string& kind) {
  std::string names;
  for (const golden::Case& one : golden::cases()) {
    const bool concerned = one.name.find(kind) != std::string::npos || one.name == "yard-two-rois";
    if (concerned && plain_events(one, mistake) != one.events) names += one.name + " ";
  }
  return names;
}

}  // namespace

TEST_CASE("the reference's rules in plain OpenCV give the golden events", "[golden][mistakes]") {
  for (const golden::Case& one : golden::cases()) {
    INFO(one.name);
    CHECK(plain_events(one, "") == one.events);
  }
}

TEST_CASE("each plausible mistake of a motion detector is caught by a golden clip", "[golden][mistakes]") {
  for (const std::string& mistake : kMotionMistakes) {
    INFO(mistake);
    CHECK_FALSE(caught_by(mistake, "motion").empty());
  }
}

TEST_CASE("each plausible mistake of a light detector is caught by a golden clip", "[golden][mistakes]") {
  for (const std::string& mistake : kLightMistakes) {
    INFO(mistake);
    CHECK_FALSE(caught_by(mistake, "edge-light").empty());
  }
}
