#include "imagenode/camera/pi_camera_options.hpp"

#include <map>
#include <utility>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using NameTable = std::vector<std::pair<std::string, std::string>>;

/// libcamera knows three kinds of automatic exposure; the many of the old firmware lean to one of them.
const NameTable kExposure{{"auto", "normal"},      {"night", "long"},       {"nightpreview", "long"},
                          {"backlight", "normal"}, {"spotlight", "normal"}, {"sports", "sport"},
                          {"snow", "normal"},      {"beach", "normal"},     {"verylong", "long"},
                          {"fixedfps", "normal"},  {"antishake", "sport"},  {"fireworks", "long"}};

const NameTable kWhiteBalance{{"auto", "auto"},
                              {"sunlight", "daylight"},
                              {"cloudy", "cloudy"},
                              {"shade", "cloudy"},
                              {"tungsten", "tungsten"},
                              {"fluorescent", "fluorescent"},
                              {"incandescent", "incandescent"},
                              {"flash", "daylight"},
                              {"horizon", "incandescent"}};

/// The old average and backlit weigh a central region, matrix the whole picture.
const NameTable kMetering{{"average", "centre"}, {"spot", "spot"}, {"backlit", "centre"}, {"matrix", "average"}};

std::vector<std::string> first_names(const NameTable& table) {
  std::vector<std::string> names;
  for (const auto& [name, translation] : table) names.push_back(name);
  return names;
}

class Options {
 public:
  void add(const char* name, std::string value) {
    words_.emplace_back(name);
    words_.push_back(std::move(value));
  }

  void add_name(const char* name, const NameTable& table, const std::string& picamera_name) {
    for (const auto& [known, translation] : table) {
      if (known == picamera_name) add(name, translation);
    }
  }

  /// -100 ... 0 ... 100 to 0 ... 1 (normal) ... 2.
  void add_percent(const char* name, const std::optional<int>& percent) {
    if (percent) add(name, cat(1 + *percent / 100.0));
  }

  void add_flag(const char* name) { words_.emplace_back(name); }

  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_picture_controls(const PiCameraControls& pi, Options& options) {
  constexpr double kNeutralBrightness = 50;
  options.add_percent("--sharpness", pi.sharpness);
  options.add_percent("--contrast", pi.contrast);
  options.add_percent("--saturation", pi.saturation);
  if (pi.brightness) options.add("--brightness", cat((*pi.brightness - kNeutralBrightness) / kNeutralBrightness));
}

void add_exposure_controls(const PiCameraControls& pi, Options& options) {
  constexpr double kStepsPerStop = 6;
  options.add_name("--exposure", kExposure, pi.exposure_mode);
  if (pi.iso.value_or(0) > 0) options.add("--gain", cat(*pi.iso / 100.0));
  if (pi.shutter_speed.value_or(0) > 0) options.add("--shutter", cat(*pi.shutter_speed));
  if (pi.exposure_compensation) options.add("--ev", cat(*pi.exposure_compensation / kStepsPerStop));
  options.add_name("--metering", kMetering, pi.meter_mode);
  options.add_name("--awb", kWhiteBalance, pi.awb_mode);
  if (pi.awb_gains) options.add("--awbgains", cat(pi.awb_gains->red, ',', pi.awb_gains->blue));
}

}  // namespace

const std::vector<std::string>& picamera_exposure_modes() {
  static const std::vector<std::string> names = first_names(kExposure);
  return names;
}
const std::vector<std::string>& picamera_awb_modes() {
  static const std::vector<std::string> names = first_names(kWhiteBalance);
  return names;
}
const std::vector<std::string>& picamera_meter_modes() {
  static const std::vector<std::string> names = first_names(kMetering);
  return names;
}

std::vector<std::string> pi_camera_options(const CameraSettings& settings) {
  const Resolution size = settings.resolution.value_or(kPiResolution);
  Options options;
  options.add("--codec", "yuv420");
  options.add("-o", "-");
  options.add_flag("--nopreview");
  // Without it the end of a frame stays in the program's buffer until the next one comes.
  options.add_flag("--flush");
  options.add("--width", cat(size.width));
  options.add("--height", cat(size.height));
  options.add("--framerate", cat(settings.framerate.value_or(kPiFramerate)));
  if (const int index = camera_index(settings.src).value_or(0); index > 0) options.add("--camera", cat(index));
  if (settings.vflip) options.add("--rotation", "180");
  add_picture_controls(settings.pi, options);
  add_exposure_controls(settings.pi, options);
  return options.take();
}

}  // namespace imagenode
