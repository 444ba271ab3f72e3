#include <sstream>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "golden.hpp"
#include "imagenode/detect/detector_set.hpp"
#include "imagenode/detect/light.hpp"
#include "imagenode/detect/motion.hpp"
#include "imagenode/replay.hpp"

using namespace imagenode;

namespace {

/// 100 pixels, `bright` of them of grey 200, the others black.
Frame spotted(int bright) {
  common::Bytes bytes(100, 0);
  std::fill_n(bytes.begin(), bright, std::uint8_t{200});
  return {PixelForm::gray8, 10, 10, common::Payload(std::move(bytes)), {}, 0};
}

/// A square of another grey in a picture of 100x100.
Frame square(int size, int gray) {
  common::Bytes bytes(10'000, 50);
  for (int y = 20; y < 20 + size; ++y) {
    std::fill_n(bytes.begin() + y * 100 + 20, size, static_cast<std::uint8_t>(gray));
  }
  return {PixelForm::gray8, 100, 100, common::Payload(std::move(bytes)), {}, 0};
}

std::vector<int> numbers_of(const std::vector<std::string>& events) {
  std::vector<int> numbers;
  for (const std::string& event : events) numbers.push_back(std::stoi(event));
  return numbers;
}

}  // namespace

TEST_CASE("light with percent goes by the share of the pixels that reach the threshold") {
  LightDetector light({200, 30.0, 0, 1}, {}, {});
  CHECK(light.judge(spotted(29), nullptr)->state == "dark");
  const auto event = light.judge(spotted(30), nullptr);
  REQUIRE(event);
  CHECK(event->state == "lighted");
  CHECK(event->fields.at("lighted") == 30);
  CHECK(event->fields.at("mean_gray") == 60);
}

TEST_CASE("light without percent goes by the whole number of the mean") {
  LightDetector light({60, std::nullopt, 0, 1}, {}, {});
  CHECK(light.judge(spotted(30), nullptr)->state == "dark");  // 60 is not above 60
  CHECK_FALSE(light.judge(spotted(30), nullptr));
  CHECK(light.judge(spotted(31), nullptr)->state == "lighted");
}

TEST_CASE("what is lighted stays so until it is darker by the hysteresis") {
  LightDetector by_mean({60, std::nullopt, 10, 1}, {}, {});
  CHECK(by_mean.judge(spotted(30), nullptr)->state == "dark");  // 60
  CHECK(by_mean.judge(spotted(31), nullptr)->state == "lighted");
  CHECK_FALSE(by_mean.judge(spotted(26), nullptr));  // 52
  CHECK(by_mean.judge(spotted(25), nullptr)->state == "dark");
  CHECK_FALSE(by_mean.judge(spotted(30), nullptr));
  LightDetector by_share({200, 30.0, 10, 1}, {}, {});
  CHECK(by_share.judge(spotted(30), nullptr)->state == "lighted");
  CHECK_FALSE(by_share.judge(spotted(20), nullptr));
  CHECK(by_share.judge(spotted(19), nullptr)->state == "dark");
  CHECK_FALSE(by_share.judge(spotted(29), nullptr));
}

TEST_CASE("a motion event tells area and number of contours, for still ones too") {
  MotionSettings settings;
  settings.min_motion_frames = 1;
  settings.min_still_frames = 1;
  settings.blur_kernel_size = 1;
  settings.min_area = 5;
  MotionDetector motion(settings, {}, {});
  const auto still = motion.judge(square(0, 0), nullptr);
  REQUIRE(still);
  CHECK(still->state == "still");
  CHECK(still->fields.at("contours") == 0);
  const auto moving = motion.judge(square(30, 250), nullptr);
  REQUIRE(moving);
  CHECK(moving->state == "moving");
  CHECK(moving->fields.at("contours") == 1);
  // 30 pixels, two more on each side, measured from middle to middle.
  CHECK(moving->fields.at("area_percent") == Approx(33.0 * 33.0 / 100));
  // Too small to be motion, and still there to be told.
  MotionDetector again(settings, {}, {});
  again.judge(square(0, 0), nullptr);
  CHECK_FALSE(again.judge(square(3, 250), nullptr));
  CHECK(again.state() == "still");
}

TEST_CASE("without print_still_frames no frames go with still, even when the frame that decides it moves") {
  MotionSettings settings;
  settings.min_motion_frames = 10;
  settings.min_still_frames = 3;
  settings.blur_kernel_size = 1;
  settings.print_still_frames = false;
  MotionDetector motion(settings, {}, {});
  for (int i = 0; i < 9; ++i) REQUIRE_FALSE(motion.judge(square(0, 0), nullptr));
  const auto still = motion.judge(square(30, 250), nullptr);
  REQUIRE(still);
  CHECK(still->state == "still");
  CHECK_FALSE(still->wants_frames);
}

TEST_CASE("a scaled analysis finds the events of the yard within a few frames") {
  const golden::Case one = golden::case_named("yard-motion");
  const std::vector<int> expected = numbers_of(one.events);
  for (const golden::Read how : {golden::Read::decoded, golden::Read::compressed}) {
    for (const int scale : {2, 4}) {
      INFO("scale " << scale << (how == golden::Read::decoded ? ", decoded" : ", compressed"));
      const auto events = golden::replayed(one, how, {scale, Decoding::luminance});
      const std::vector<int> found = numbers_of(events);
      // Small steps of the figure may be seen a little longer or shorter; no event is far from one of the reference.
      for (const int number : expected) {
        const bool near = std::any_of(found.begin(), found.end(), [&](int at) { return std::abs(at - number) <= 4; });
        CAPTURE(number);
        CHECK(near);
      }
      CHECK(found.size() <= expected.size() + 2);
    }
  }
}

TEST_CASE("a replay prints what detectors with send_test_images see") {
  DetectorSet detectors(
      golden::parse_settings("detectors: [{light: {min_frames: 2, send_test_images: True}}, {light: {min_frames: 9}}, "
                             "{light: {min_frames: 9, send_test_images: True, roi_name: Low, log_roi_name: True}}]"),
      {});
  int left = 2;
  std::ostringstream out;
  std::ostringstream err;
  replay([&]() -> FramePtr { return left-- > 0 ? std::make_shared<Frame>(spotted(30)) : nullptr; }, detectors,
         "Barn door", out, err);
  CHECK(golden::lines_of(out.str()) ==
        std::vector<std::string>{"0\tBarn door|light: State unknown, Mean Pixel Value 60",
                                 "0\tBarn door|light|Low: State unknown, Mean Pixel Value 60",
                                 "0\tBarn door|light|dark", "0\tBarn door|light: State dark, Mean Pixel Value 60",
                                 "0\tBarn door|light|Low: State unknown, Mean Pixel Value 60"});
}

TEST_CASE("a replay prints one line per event, and leaves out what is damaged") {
  const golden::Case one = golden::case_named("yard-light");
  DetectorSet detectors(golden::read_settings(one.settings), {});
  auto clip = golden::open_clip(one.clip, golden::Read::compressed);
  bool gave_damaged = false;
  std::ostringstream out;
  std::ostringstream err;
  const ReplayCounts counts = replay(
      [&]() -> FramePtr {
        if (!gave_damaged) {
          gave_damaged = true;
          return std::make_shared<Frame>(PixelForm::jpeg, 320, 240, common::Payload(common::Bytes(90)), CaptureTime{},
                                         0);
        }
        return clip();
      },
      detectors, golden::kSender, out, err);
  CHECK(golden::lines_of(out.str()) == one.events);
  CHECK(counts.frames == 301);
  CHECK(counts.damaged == 1);
  CHECK(counts.events == one.events.size());
  CHECK_THAT(err.str(), ContainsSubstring("301 frames"));
  CHECK_THAT(err.str(), ContainsSubstring("frames/s"));
}

namespace {

/// Counts what it sees, or cannot decode anything.
class Witness final : public Detector {
 public:
  Witness(int* seen, bool fails) : seen_(seen), fails_(fails) {}
  void decode(const Frame&) const override {
    if (fails_) throw common::JpegError("damaged");
  }
  std::optional<DetectorEvent> judge(const Frame&, std::vector<TuningItem>*) override {
    ++*seen_;
    return std::nullopt;
  }
  const std::string& state() const override { return state_; }

 private:
  int* seen_;
  bool fails_;
  std::string state_ = kUndecided;
};

}  // namespace

TEST_CASE("a frame that one detector cannot have decoded is seen by none of them") {
  int seen = 0;
  const auto settings = [&](bool fails) {
    DetectorSettings one;
    one.make = [&seen, fails](const RoiPercent&, const Analysis&) { return std::make_unique<Witness>(&seen, fails); };
    return one;
  };
  DetectorSet good({settings(false), settings(false)}, {});
  good.judge(spotted(0));
  CHECK(seen == 2);
  DetectorSet bad({settings(false), settings(true)}, {});
  CHECK_THROWS_AS(bad.judge(spotted(0)), common::JpegError);
  CHECK(seen == 2);
}
