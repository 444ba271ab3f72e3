#include "imagenode/camera/camera_settings.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "common/settings_reader.hpp"
#include "common/text.hpp"
#include "imagenode/camera/pi_camera_options.hpp"

namespace imagenode {
namespace {

constexpr int kMaxSide = 16384;
constexpr double kLongestFrozen = 30.0 * 86'400;

void read_resolution(common::Section& section, const char* key, bool pi_camera, std::optional<Resolution>& resolution) {
  std::vector<double> sides;
  section.read_numbers(key, 2, sides, {1, kMaxSide});
  if (sides.size() != 2) return;
  if (sides[0] != std::floor(sides[0]) || sides[1] != std::floor(sides[1])) {
    section.problem(key, "must be two whole numbers, width and height");
    return;
  }
  if (pi_camera && (std::fmod(sides[0], 2) != 0 || std::fmod(sides[1], 2) != 0)) {
    section.problem(key, "a Pi camera needs an even width and height");
  }
  resolution = Resolution{static_cast<int>(sides[0]), static_cast<int>(sides[1])};
}

/// A name of the picamera; `off` (in YAML also False) means not set, as it always did.
void read_mode(common::Section& section, const char* key, const std::vector<std::string>& known, std::string& mode) {
  if (!section.has(key)) return;
  std::string name;
  section.read(key, name);
  name = common::lower(name);
  mode.clear();
  if (name.empty() || name == "off" || name == "false") return;
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    std::string names;
    for (const auto& one : known) names += (names.empty() ? "" : ", ") + one;
    section.problem(key, common::cat(common::escaped(name), " is not one of off, ", names));
    return;
  }
  mode = name;
}

void read_awb_gains(common::Section& section, std::optional<WhiteBalanceGains>& gains) {
  constexpr double kMaxGain = 8;
  std::vector<double> numbers;
  section.read_numbers("awb_gains", 2, numbers, {0, kMaxGain});
  if (numbers.size() == 2) gains = WhiteBalanceGains{numbers[0], numbers[1]};
}

void read_pi_controls(common::Section& section, PiCameraControls& pi) {
  read_mode(section, "exposure_mode", picamera_exposure_modes(), pi.exposure_mode);
  section.read("iso", pi.iso, {0, 1600});
  section.read("shutter_speed", pi.shutter_speed, {0, 1'000'000'000});
  section.read("sharpness", pi.sharpness, {-100, 100});
  section.read("contrast", pi.contrast, {-100, 100});
  section.read("brightness", pi.brightness, {0, 100});
  section.read("exposure_compensation", pi.exposure_compensation, {-25, 25});
  read_mode(section, "awb_mode", picamera_awb_modes(), pi.awb_mode);
  read_awb_gains(section, pi.awb_gains);
  read_mode(section, "meter_mode", picamera_meter_modes(), pi.meter_mode);
  section.read("saturation", pi.saturation, {-100, 100});
}

void read_processing(common::Section& section, CameraSettings& settings) {
  section.read_duration("frozen_after", settings.frozen_after_s, 1, {0, kLongestFrozen});
  section.read_choice("pace", {"real", "fast"}, settings.pace);
  section.read("loop", settings.loop);
  section.read("jpeg_quality", settings.jpeg_quality, {1, 100});
}

}  // namespace

std::optional<int> camera_index(const std::string& src) {
  constexpr std::size_t kMaxDigits = 3;
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (src.empty() || src.size() > kMaxDigits || !std::all_of(src.begin(), src.end(), is_digit)) return std::nullopt;
  return std::stoi(src);
}

bool CameraSettings::is_pi_camera() const {
  const bool pi_label = !label.empty() && (label.front() == 'P' || label.front() == 'p');
  return pi_label && (src.empty() || camera_index(src));
}

bool CameraSettings::has_any_size() const {
  return src.empty() || src == "test" || camera_index(src) || src.starts_with("/dev/");
}

CameraSettings CameraSettings::read(common::Section& section, const std::string& label) {
  CameraSettings settings;
  settings.label = label;
  settings.take(section);
  return settings;
}

CameraSettings CameraSettings::changed(const std::string& key, const std::string& value) const {
  static const std::set<std::string> any{"resolution",   "framerate",    "vflip",           "resize_width",
                                         "jpeg_quality", "frozen_after", "still_resolution"};
  static const std::set<std::string> pi_only{
      "exposure_mode", "iso",       "shutter_speed",         "sharpness",  "contrast",  "brightness",
      "awb_mode",      "awb_gains", "exposure_compensation", "meter_mode", "saturation"};
  if (!any.contains(key) && !pi_only.contains(key)) {
    throw std::runtime_error(common::cat(common::escaped(key), " is no camera setting that can be changed here"));
  }
  if (pi_only.contains(key) && !is_pi_camera()) {
    throw std::runtime_error(common::cat(label, " is no Pi camera, and has no ", key));
  }
  constexpr std::string_view kFit = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,()+- ";
  if (value.empty() || value.find_first_not_of(kFit) != std::string::npos) {
    throw std::runtime_error(common::cat(key, " needs a value such as 5 or (640,480)"));
  }
  CameraSettings settings = *this;
  auto file = common::SettingsFile::parse(common::cat(key, ": ", value, '\n'), "value");
  auto section = file.root();
  if (!section.has(key)) throw std::runtime_error(common::cat(key, " needs a value"));
  settings.take(section);
  file.finish();
  return settings;
}

void CameraSettings::take(common::Section& section) {
  CameraSettings& settings = *this;
  section.read("viewname", settings.viewname);
  section.read("src", settings.src);
  read_resolution(section, "resolution", settings.is_pi_camera(), settings.resolution);
  read_resolution(section, "still_resolution", settings.is_pi_camera(), settings.still_resolution);
  if (settings.still_resolution && !settings.has_any_size()) {
    section.problem("still_resolution", "files and network cameras give pictures of their own size only");
  }
  section.read("framerate", settings.framerate, {0.001, 1000});
  section.read("vflip", settings.vflip);
  section.read("resize_width", settings.resize_width, {0.1, 1000});
  section.read("threaded_read", settings.threaded_read);
  if (section.has("send_type")) {
    SendType type = SendType::jpg;
    section.read_choice("send_type", {"jpg", "image"}, type);
    settings.send_type = type;
  }
  section.read("print_settings", settings.print_settings);
  read_pi_controls(section, settings.pi);
  read_processing(section, settings);
}

}  // namespace imagenode
