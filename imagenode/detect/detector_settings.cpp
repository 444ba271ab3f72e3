#include "imagenode/detect/detector_settings.hpp"

#include "common/text.hpp"

namespace imagenode {
namespace {

void read_roi(common::Section& section, RoiPercent& roi) {
  std::vector<double> corners;
  section.read_numbers("ROI", 4, corners, {0, 100});
  if (corners.empty()) return;
  if (corners[0] >= corners[2] || corners[1] >= corners[3]) {
    section.problem("ROI", "the first corner must be left of and above the second");
    return;
  }
  roi = {corners[0], corners[1], corners[2], corners[3]};
}

void read_pen(common::Section& section, const char* key, bool may_fill, std::optional<Pen>& pen) {
  std::vector<double> numbers;
  section.read_numbers(key, 4, numbers, {-1, 255});
  if (numbers.empty()) return;
  const Pen read{static_cast<int>(numbers[0]), static_cast<int>(numbers[1]), static_cast<int>(numbers[2]),
                 static_cast<int>(numbers[3])};
  if (read.blue < 0 || read.green < 0 || read.red < 0) {
    section.problem(key, "a colour is three numbers from 0 to 255: blue, green, red");
  } else if (read.width == 0 || (read.width < 0 && !may_fill)) {
    section.problem(key, "the line width must be at least 1");
  } else {
    pen = read;
  }
}

/// The reference looks for words in a free text ("detected event"), in this order.
void read_send_frames(common::Section& section, SendFrames& send_frames) {
  std::string text;
  section.read("send_frames", text);
  if (text.empty()) return;
  const std::string words = common::lower(text);
  const auto has = [&words](const char* word) { return words.find(word) != std::string::npos; };
  const bool event_alone = has("event") && !has("continuous") && !has("none");
  if (has("detect") || event_alone) {
    send_frames = SendFrames::event;
  } else if (has("continuous")) {
    send_frames = SendFrames::continuous;
  } else if (has("none")) {
    send_frames = SendFrames::none;
  } else {
    section.problem("send_frames",
                    common::cat(common::escaped(text), " is not one of continuous, detected event, none"));
  }
}

/// What of the frames: `full`, or `roi`, `gray`, or both of these.
void read_form(common::Section& section, const RoiPercent& roi, PictureForm& form) {
  std::vector<std::string> words;
  section.read("send", words);
  bool full = false;
  for (const std::string& given : words) {
    const std::string word = common::lower(given);
    if (word == "roi") {
      form.part = roi;
    } else if (word == "gray") {
      form.gray = true;
    } else if (word == "full") {
      full = true;
    } else {
      section.problem("send", common::cat(common::escaped(given), " is not one of full, roi, gray"));
    }
  }
  if (full && words.size() > 1) section.problem("send", "full stands alone: it is what is sent without roi and gray");
}

void read_drawing(common::Section& section, DetectorSettings& settings) {
  read_pen(section, "draw_roi", true, settings.draw_roi);
  read_pen(section, "draw_time", false, settings.draw_time);
  std::vector<double> origin{settings.draw_time_x, settings.draw_time_y};
  section.read_numbers("draw_time_org", 2, origin, {0, 100});
  settings.draw_time_x = origin[0];
  settings.draw_time_y = origin[1];
  section.read("draw_time_fontScale", settings.draw_time_font_scale, {0.01, 100});
}

}  // namespace

std::vector<DetectorSettings> read_detectors(common::Section& camera) {
  std::vector<DetectorSettings> detectors;
  for (auto& [kind, section] : camera.kinds("detectors", detector_kinds())) {
    DetectorSettings settings;
    settings.kind = kind;
    read_roi(section, settings.roi);
    section.read("roi_name", settings.roi_name);
    section.read("log_roi_name", settings.log_roi_name);
    read_drawing(section, settings);
    read_send_frames(section, settings.send_frames);
    section.read("send_count", settings.send_count, {0, 100'000});
    section.read("send_after", settings.send_after, {0, 100'000});
    section.read("send_fps", settings.send_fps, {0.001, 1000});
    read_form(section, settings.roi, settings.form);
    section.read("send_test_images", settings.send_test_images);
    settings.make = read_detector_kind(kind, section);
    detectors.push_back(std::move(settings));
  }
  return detectors;
}

Analysis read_analysis(common::Section& camera) {
  Analysis analysis;
  int power = 0;
  camera.read_choice("analysis_scale", {"1", "2", "4", "8"}, power);
  analysis.scale = 1 << power;
  camera.read_choice("decoding", {"luminance", "full"}, analysis.decoding);
  return analysis;
}

}  // namespace imagenode
