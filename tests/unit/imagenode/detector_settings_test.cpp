#include "imagenode/detect/detector_settings.hpp"

#include <filesystem>

#include "catch.hpp"
#include "common/files.hpp"
#include "golden.hpp"
#include "imagenode/detect/light.hpp"
#include "imagenode/detect/motion.hpp"
#include "reference_settings.hpp"

using namespace imagenode;

namespace {

DetectorSettings only(const std::string& keys) {
  return golden::parse_settings("detectors: {motion: {" + keys + "}}").at(0);
}

}  // namespace

TEST_CASE("detectors register themselves by name") {
  const auto kinds = detector_kinds();
  CHECK(std::find(kinds.begin(), kinds.end(), "color") != kinds.end());
  CHECK(std::find(kinds.begin(), kinds.end(), "light") != kinds.end());
  CHECK(std::find(kinds.begin(), kinds.end(), "motion") != kinds.end());
}

TEST_CASE("detectors without keys have the reference's defaults") {
  const DetectorSettings settings = golden::parse_settings("detectors: {light: {}}").at(0);
  CHECK(settings.roi.x2 == 100);
  CHECK(settings.send_frames == SendFrames::continuous);
  CHECK(settings.send_count == 5);
  CHECK(settings.send_after == 0);
  CHECK_FALSE(settings.send_fps);
  CHECK(settings.form == PictureForm{});
  CHECK_FALSE(settings.draw_roi);
  CHECK(LightSettings().threshold == 100);
  CHECK(MotionSettings().blur_kernel_size == 15);
}

TEST_CASE("every key of a detector is read, in Python's forms") {
  const DetectorSettings settings = only(
      "ROI: '(70,2),(100,25)', roi_name: Gate, log_roi_name: True, draw_roi: '((255,0,0),5)', "
      "draw_time: '((0,255,0),1)', draw_time_org: '(5,95)', draw_time_fontScale: 0.5, send_frames: detected event, "
      "send_count: 7, send_after: 3, send_fps: 2.5, send_test_images: True, delta_threshold: 4, min_area: 0.006, "
      "min_motion_frames: 2, min_still_frames: 4, blur_kernel_size: 21, print_still_frames: False");
  CHECK(settings.kind == "motion");
  CHECK(settings.roi.x1 == 70);
  CHECK(settings.roi.y2 == 25);
  CHECK(settings.roi_name == "Gate");
  CHECK(settings.log_roi_name);
  CHECK(settings.draw_roi->blue == 255);
  CHECK(settings.draw_roi->width == 5);
  CHECK(settings.draw_time->green == 255);
  CHECK(settings.draw_time_y == 95);
  CHECK(settings.draw_time_font_scale == 0.5);
  CHECK(settings.send_frames == SendFrames::event);
  CHECK(settings.send_count == 7);
  CHECK(settings.send_after == 3);
  CHECK(settings.send_fps == 2.5);
  CHECK(settings.send_test_images);
}

TEST_CASE("the words of send_frames are looked for in the reference's order") {
  CHECK(only("send_frames: detected event").send_frames == SendFrames::event);
  CHECK(only("send_frames: continuous detect").send_frames == SendFrames::event);
  CHECK(only("send_frames: continuous").send_frames == SendFrames::continuous);
  CHECK(only("send_frames: none").send_frames == SendFrames::none);
  CHECK(only("send_frames: None").send_frames == SendFrames::none);
  CHECK(only("send_frames: event").send_frames == SendFrames::event);
  CHECK_THROWS_AS(only("send_frames: sometimes"), common::SettingsError);
}

TEST_CASE("of the frames the whole is sent, or the region, or grey, or both") {
  const std::string roi = "ROI: '(70,2),(100,25)', send: ";
  const RoiPercent part{70, 2, 100, 25};
  CHECK(only(roi + "full").form == PictureForm{});
  CHECK(only(roi + "roi").form == PictureForm{part, false});
  CHECK(only(roi + "Gray").form == PictureForm{{}, true});
  CHECK(only(roi + "[roi, gray]").form == PictureForm{part, true});
  CHECK(only("send: roi").form.is_whole());
  for (const char* wrong : {"all", "[roi, full]", "[roi, grass]", "{roi: gray}"}) {
    INFO(wrong);
    CHECK_THROWS_AS(only(roi + wrong), common::SettingsError);
  }
}

TEST_CASE("a mapping and a list of detectors keep their order") {
  const auto mapping = golden::parse_settings("detectors: {motion: {}, light: {}}");
  REQUIRE(mapping.size() == 2);
  CHECK(mapping[0].kind == "motion");
  const auto list =
      golden::parse_settings("detectors: [{motion: {roi_name: A}}, {motion: {roi_name: B}}, {light: {}}]");
  REQUIRE(list.size() == 3);
  CHECK(list[1].roi_name == "B");
}

TEST_CASE("the examples of the guide to detectors are good settings") {
  const auto page = common::read_text_file(std::filesystem::path(PROJECT_ROOT) / "docs/guide/detectors.md");
  const auto found = reference_settings::examples(page, "detectors");
  REQUIRE(found.size() == 2);
  for (const std::string& example : found) {
    INFO(example);
    CHECK_FALSE(golden::parse_settings(example).empty());
  }
}

TEST_CASE("what cannot work is refused") {
  for (const char* keys : {"ROI: '(50,0),(50,100)'", "ROI: '(0,0),(101,100)'", "blur_kernel_size: 4", "send_count: -1",
                           "draw_roi: '((-1,0,0),5)'", "draw_roi: '((255,0,0),0)'", "draw_time: '((255,0,0),-1)'",
                           "min_area: 101", "send_fps: 0", "min_motion_frames: 0", "treshold: 5"}) {
    INFO(keys);
    CHECK_THROWS_AS(only(keys), common::SettingsError);
  }
}

TEST_CASE("a camera's analysis is read") {
  auto file = common::SettingsFile::parse("{analysis_scale: 4, decoding: full}", "test.yaml");
  auto root = file.root();
  const Analysis analysis = read_analysis(root);
  file.finish();
  CHECK(analysis.scale == 4);
  CHECK(analysis.decoding == Decoding::full);
}
