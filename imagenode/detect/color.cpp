#include "imagenode/detect/color.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/text.hpp"
#include "imagenode/detect/registry.hpp"
#include "imagenode/detect/tuning.hpp"

namespace imagenode {
namespace {

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::optional<NamedColour::Range> read_range(common::Section& section, const char* key, double most) {
  std::vector<double> ends;
  section.read_numbers(key, 2, ends, {0, most});
  if (ends.empty()) return std::nullopt;
  return NamedColour::Range{ends[0], ends[1]};
}

/// A range that does not go round.
void read_percent(common::Section& section, const char* key, NamedColour::Range& range) {
  range = read_range(section, key, 100).value_or(range);
  if (range.from > range.to) section.problem(key, "the first number must not be greater than the second");
}

NamedColour read_state(common::Section& section) {
  NamedColour state;
  section.read("name", state.name);
  const std::string name = common::lower(state.name);
  if (name.empty() || name == kNoColour || name == kUndecided) {
    section.problem("name", common::cat("a state needs a name, other than ", kNoColour, " and ", kUndecided));
  } else if (name.find('|') != std::string::npos || !is_printable(name)) {
    section.problem("name", "a state's name is part of a line of the log: | and control characters cannot stand in it");
  }
  state.hue = read_range(section, "hue", 360);
  read_percent(section, "saturation", state.saturation);
  read_percent(section, "value", state.value);
  if (!section.has("hue") && !section.has("saturation") && !section.has("value")) {
    section.problem("name", "a state needs a range of hue, saturation or value, such as hue: (90, 150)");
  }
  return state;
}

bool within(const NamedColour::Range& range, double number) {
  return number >= range.from && number <= range.to;
}

bool within_round(const NamedColour::Range& hues, double hue) {
  if (hues.from <= hues.to) return within(hues, hue);
  return hue >= hues.from || hue <= hues.to;
}

std::string whole(double number) {
  return std::to_string(std::lround(number));
}

}  // namespace

bool NamedColour::holds(const Hsv& colour) const {
  if (hue && !(colour.hue && within_round(*hue, *colour.hue))) return false;
  return within(saturation, colour.saturation) && within(value, colour.value);
}

ColorSettings read_color_settings(common::Section& section) {
  ColorSettings settings;
  for (common::Section& state : section.sections("states")) settings.states.push_back(read_state(state));
  section.read("min_frames", settings.min_frames, {1, 10'000});
  return settings;
}

ColorDetector::ColorDetector(ColorSettings settings, const RoiPercent& roi, const Analysis& analysis)
    : settings_(std::move(settings)), roi_(roi), analysis_(analysis) {}

void ColorDetector::decode(const Frame& frame) const {
  if (frame.form() == PixelForm::jpeg) frame.bgr(analysis_.scale);
}

std::optional<DetectorEvent> ColorDetector::judge(const Frame& frame, std::vector<TuningItem>* tuning) {
  const auto [blue, green, red] = mean_bgr(frame, roi_, analysis_.scale);
  const Hsv colour = hsv_of(blue, green, red);
  std::string name = name_of(colour);
  in_a_row_ = name == seen_ ? std::min(in_a_row_ + 1, settings_.min_frames) : 1;
  seen_ = std::move(name);

  std::optional<DetectorEvent> event;
  if (in_a_row_ >= settings_.min_frames && state_ != seen_) {
    state_ = seen_;
    event = DetectorEvent{"color", state_, {}, {}, true};
    event->fields = {{"saturation", colour.saturation}, {"value", colour.value}};
    event->units = {{"saturation", "%"}, {"value", "%"}};
    if (colour.hue) {
      event->fields["hue"] = *colour.hue;
      event->units["hue"] = "deg";
    }
  }
  if (tuning != nullptr) show(frame, colour, *tuning);
  return event;
}

std::string ColorDetector::name_of(const Hsv& colour) const {
  for (const NamedColour& state : settings_.states) {
    if (state.holds(colour)) return state.name;
  }
  return kNoColour;
}

void ColorDetector::show(const Frame& frame, const Hsv& colour, std::vector<TuningItem>& tuning) const {
  const common::Image& picture = frame.bgr();
  tuning.push_back({"ROI", cut_out(picture, roi_in(roi_, picture.width, picture.height)), {}});
  tuning.push_back({"State", {}, state_});
  tuning.push_back({"Hue", {}, colour.hue ? whole(*colour.hue) : "none"});
  tuning.push_back({"Saturation", {}, whole(colour.saturation) + " %"});
  tuning.push_back({"Value", {}, whole(colour.value) + " %"});
}

namespace {
const RegisterDetector kColor("color", [](common::Section& section) -> DetectorMaker {
  return [settings = read_color_settings(section)](const RoiPercent& roi, const Analysis& analysis) {
    return std::make_unique<ColorDetector>(settings, roi, analysis);
  };
});
}  // namespace

}  // namespace imagenode
