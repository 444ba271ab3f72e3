#include "imagenode/camera/camera_settings.hpp"

#include "catch.hpp"
#include "common/settings_reader.hpp"
#include "common/text.hpp"
#include "imagenode/camera/pi_camera_options.hpp"

using namespace imagenode;

namespace {

CameraSettings read(const std::string& label, const std::string& yaml) {
  auto file = common::SettingsFile::parse(yaml, "imagenode.yaml");
  common::Section root = file.root();
  CameraSettings settings = CameraSettings::read(root, label);
  file.finish();
  return settings;
}

std::string options_of(const std::string& yaml) {
  std::string text;
  for (const auto& word : pi_camera_options(read("P1", yaml))) text += " " + word;
  return text + " ";
}

}  // namespace

TEST_CASE("a camera without settings has the defaults of the Python node") {
  const CameraSettings settings = read("W1", "{}");
  CHECK(settings.viewname.empty());
  CHECK_FALSE(settings.resolution);
  CHECK_FALSE(settings.still_resolution);
  CHECK_FALSE(settings.framerate);
  CHECK_FALSE(settings.vflip);
  CHECK_FALSE(settings.resize_width);
  CHECK(settings.threaded_read);
  CHECK_FALSE(settings.send_type);
  CHECK(settings.frozen_after_s == 0);
  CHECK(settings.pace == Pace::real);
  CHECK_FALSE(settings.loop);
  CHECK(settings.jpeg_quality == 95);
}

TEST_CASE("camera settings understand Python's tuples and YAML's lists") {
  CHECK(read("W1", "resolution: (640, 480)").resolution->width == 640);
  CHECK(read("W1", "resolution: [1280, 720]").resolution->height == 720);
  CHECK(read("W1", "still_resolution: (1920, 1080)").still_resolution->width == 1920);
  CHECK(read("T1", "src: test\nstill_resolution: (1920, 1080)").still_resolution->height == 1080);
  for (const char* src : {"film.mp4", "rtsp://camera/stream"}) {
    CHECK_THROWS_WITH(read("C1", std::string("src: ") + src + "\nstill_resolution: (1920, 1080)"),
                      ContainsSubstring("still_resolution: files and network cameras give pictures of their own size"));
  }
  const auto gains = read("P1", "awb_gains: (1.5, 1.2)").pi.awb_gains;
  REQUIRE(gains);
  CHECK(gains->red == 1.5);
  CHECK(gains->blue == 1.2);
}

TEST_CASE("camera settings report every bad value at its place") {
  try {
    read("P1", "resolution: (641, 480)\nawb_mode: moonlight\nframrate: 5\n");
    FAIL("accepted");
  } catch (const common::SettingsError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("imagenode.yaml:1:1: resolution: a Pi camera needs an even width"));
    CHECK_THAT(error.what(), ContainsSubstring("imagenode.yaml:2:1: awb_mode: moonlight is not one of off, auto"));
    CHECK_THAT(error.what(), ContainsSubstring("imagenode.yaml:3:1: framrate is unknown; did you mean framerate?"));
  }
}

TEST_CASE("a time until a picture counts as frozen that no clock reaches is refused") {
  CHECK(read("W1", "frozen_after: 30d").frozen_after_s == 30 * 86'400);
  CHECK_THROWS_AS(read("W1", "frozen_after: 1e300"), common::SettingsError);
}

TEST_CASE("a label that begins with P is a Pi camera unless src names something else") {
  CHECK(read("P1", "{}").is_pi_camera());
  CHECK(read("p1", "src: 0").is_pi_camera());
  CHECK_FALSE(read("P1", "src: test").is_pi_camera());
  CHECK_FALSE(read("W1", "{}").is_pi_camera());
}

TEST_CASE("a mode that is off, which YAML reads as False, is not set") {
  CHECK(read("P1", "exposure_mode: off").pi.exposure_mode.empty());
  CHECK(read("P1", "exposure_mode: False").pi.exposure_mode.empty());
  CHECK(read("P1", "exposure_mode: Night").pi.exposure_mode == "night");
}

TEST_CASE("a Pi camera without settings runs at 320x240, 32 frames per second, everything else left to the camera") {
  CHECK(options_of("{}") == " --codec yuv420 -o - --nopreview --flush --width 320 --height 240 --framerate 32 ");
}

TEST_CASE("Pi camera settings become options of rpicam-vid in its ranges") {
  CHECK_THAT(options_of("brightness: 75"), ContainsSubstring(" --brightness 0.5 "));
  CHECK_THAT(options_of("brightness: 0"), ContainsSubstring(" --brightness -1 "));
  CHECK_THAT(options_of("contrast: -100"), ContainsSubstring(" --contrast 0 "));
  CHECK_THAT(options_of("saturation: 50"), ContainsSubstring(" --saturation 1.5 "));
  CHECK_THAT(options_of("sharpness: 100"), ContainsSubstring(" --sharpness 2 "));
  CHECK_THAT(options_of("iso: 400"), ContainsSubstring(" --gain 4 "));
  CHECK_THAT(options_of("iso: 0"), !ContainsSubstring("--gain"));
  CHECK_THAT(options_of("shutter_speed: 20000"), ContainsSubstring(" --shutter 20000 "));
  CHECK_THAT(options_of("exposure_compensation: -9"), ContainsSubstring(" --ev -1.5 "));
  CHECK_THAT(options_of("exposure_mode: sports"), ContainsSubstring(" --exposure sport "));
  CHECK_THAT(options_of("exposure_mode: night"), ContainsSubstring(" --exposure long "));
  CHECK_THAT(options_of("awb_mode: sunlight"), ContainsSubstring(" --awb daylight "));
  CHECK_THAT(options_of("awb_gains: (1.5, 1.25)"), ContainsSubstring(" --awbgains 1.5,1.25 "));
  CHECK_THAT(options_of("meter_mode: matrix"), ContainsSubstring(" --metering average "));
  CHECK_THAT(options_of("vflip: True"), ContainsSubstring(" --rotation 180 "));
  CHECK_THAT(options_of("src: 1"), ContainsSubstring(" --camera 1 "));
  CHECK_THAT(options_of("resolution: (640, 480)\nframerate: 10"),
             ContainsSubstring(" --width 640 --height 480 --framerate 10 "));
}

TEST_CASE("one setting of a camera is changed, the others stay") {
  CameraSettings camera;
  camera.label = "P1";
  camera.framerate = 7;
  camera.pi.brightness = 40;
  camera.pi.exposure_mode = "night";
  const CameraSettings changed = camera.changed("resolution", "(640, 480)");
  REQUIRE(changed.resolution);
  CHECK(changed.resolution->width == 640);
  CHECK(changed.framerate == 7);
  CHECK(changed.pi.brightness == 40);
  CHECK(changed.pi.exposure_mode == "night");
  CHECK(changed.label == "P1");
  CHECK(camera.changed("brightness", "60").pi.brightness == 60);
  CHECK(camera.changed("exposure_mode", "off").pi.exposure_mode.empty());
}

TEST_CASE("a camera setting that is wrong, or not to be changed while a node runs, is refused with the reason") {
  CameraSettings camera;
  camera.label = "P1";
  CHECK_THROWS_WITH(camera.changed("resolution", "(641,480)"), ContainsSubstring("even width"));
  CHECK_THROWS_WITH(camera.changed("brightness", "101"), ContainsSubstring("brightness"));
  CHECK_THROWS_WITH(camera.changed("brightness", ""), ContainsSubstring("needs a value"));
  CHECK_THROWS_WITH(camera.changed("brightness", "None"), ContainsSubstring("needs a value"));
  CHECK_THROWS_WITH(camera.changed("brightness", "{a: b}"), ContainsSubstring("needs a value"));
  for (const char* key : {"src", "viewname", "label", "detectors", "", "a: b"}) {
    CHECK_THROWS_WITH(camera.changed(key, "1"), ContainsSubstring("is no camera setting"));
  }
  CHECK_THROWS_WITH(camera.changed("\xFF\n", "1"), ContainsSubstring("\\xff\\n is no camera setting"));
  camera.label = "W1";
  CHECK_THROWS_WITH(camera.changed("iso", "100"), ContainsSubstring("no Pi camera"));
}
