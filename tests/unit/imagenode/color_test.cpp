#include "imagenode/detect/color.hpp"

#include <functional>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "golden.hpp"

using namespace imagenode;

namespace {

constexpr int kWidth = 40;
constexpr int kHeight = 30;

struct Bgr {
  int blue;
  int green;
  int red;
};
constexpr Bgr kRed{20, 20, 200};
constexpr Bgr kOrange{20, 110, 200};
constexpr Bgr kGreen{20, 200, 20};
constexpr Bgr kGray{120, 120, 120};

common::Image picture(const std::function<Bgr(int x, int y)>& at) {
  common::Image image = common::Image::make(kWidth, kHeight, 3);
  std::size_t next = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const Bgr pixel = at(x, y);
      for (const int part : {pixel.blue, pixel.green, pixel.red})
        image.pixels[next++] = static_cast<std::uint8_t>(part);
    }
  }
  return image;
}

Frame frame_of(const common::Image& image, PixelForm form = PixelForm::bgr) {
  common::Payload data(form == PixelForm::jpeg ? common::encode_jpeg(image) : image.pixels);
  return {form, kWidth, kHeight, std::move(data), {}, 0};
}

Frame plain(const Bgr& colour, PixelForm form = PixelForm::bgr) {
  return frame_of(picture([&](int, int) { return colour; }), form);
}

ColorSettings read(const std::string& yaml) {
  auto file = common::SettingsFile::parse(yaml, "test.yaml");
  auto root = file.root();
  const ColorSettings settings = read_color_settings(root);
  file.finish();
  return settings;
}

ColorSettings flag(int min_frames = 1) {
  ColorSettings settings = read(
      "states: [{name: red, hue: [340, 20], saturation: [40, 100]}, {name: green, hue: [90, 150], "
      "saturation: [40, 100]}]");
  settings.min_frames = min_frames;
  return settings;
}

/// The state that one frame brings to a detector that decides at once.
std::string state_of(ColorSettings settings, const Frame& frame) {
  settings.min_frames = 1;
  ColorDetector color(settings, {}, {});
  color.decode(frame);
  const auto event = color.judge(frame, nullptr);
  REQUIRE(event);
  return event->state;
}

Hsv hsv(const Bgr& colour) {
  return hsv_of(colour.blue, colour.green, colour.red);
}

}  // namespace

TEST_CASE("hue is in degrees, saturation and value in percent") {
  CHECK(*hsv({0, 0, 255}).hue == 0);
  CHECK(*hsv({0, 255, 255}).hue == 60);
  CHECK(*hsv({0, 255, 0}).hue == 120);
  CHECK(*hsv({255, 255, 0}).hue == 180);
  CHECK(*hsv({255, 0, 0}).hue == 240);
  CHECK(*hsv({255, 0, 255}).hue == 300);
  CHECK(*hsv({64, 0, 255}).hue == Approx(344.9).margin(0.1));
  CHECK(hsv({0, 0, 255}).saturation == 100);
  CHECK(hsv({51, 153, 102}).saturation == Approx(66.7).margin(0.1));
  CHECK(hsv({51, 153, 102}).value == 60);
  CHECK(hsv({0, 0, 0}).saturation == 0);
  CHECK(hsv({0, 0, 0}).value == 0);
}

TEST_CASE("what is nearly grey has no hue") {
  CHECK_FALSE(hsv({100, 100, 100}).hue);
  CHECK_FALSE(hsv({100, 100, 105}).hue);
  CHECK(hsv({100, 100, 106}).hue);
  CHECK_FALSE(hsv({0, 0, 3}).hue);
}

TEST_CASE("a range of hues goes through 360 when it begins with the greater number") {
  const NamedColour red{"red", NamedColour::Range{340, 20}};
  const auto holds = [](const NamedColour& colour, double hue) { return colour.holds({hue, 50, 50}); };
  for (const double hue : {340.0, 359.9, 0.0, 20.0}) CHECK(holds(red, hue));
  for (const double hue : {339.9, 20.1, 180.0}) CHECK_FALSE(holds(red, hue));
  const NamedColour green{"green", NamedColour::Range{90, 150}};
  for (const double hue : {90.0, 120.0, 150.0}) CHECK(holds(green, hue));
  for (const double hue : {89.9, 150.1, 0.0}) CHECK_FALSE(holds(green, hue));
  CHECK_FALSE(green.holds({std::nullopt, 50, 50}));
  CHECK(NamedColour{"any", NamedColour::Range{0, 360}}.holds({359.9, 50, 50}));
}

TEST_CASE("saturation and value have ranges too, both ends included") {
  const NamedColour colour{"pale", std::nullopt, {20, 40}, {50, 60}};
  CHECK(colour.holds({std::nullopt, 20, 60}));
  CHECK(colour.holds({10.0, 40, 50}));
  CHECK_FALSE(colour.holds({10.0, 41, 55}));
  CHECK_FALSE(colour.holds({10.0, 19, 55}));
  CHECK_FALSE(colour.holds({10.0, 30, 49}));
  CHECK_FALSE(colour.holds({10.0, 30, 61}));
}

TEST_CASE("the state is the first that holds, or none") {
  CHECK(state_of(flag(), plain(kRed)) == "red");
  CHECK(state_of(flag(), plain({45, 20, 200})) == "red");  // 352 degrees
  CHECK(state_of(flag(), plain({20, 45, 200})) == "red");  // 8 degrees
  CHECK(state_of(flag(), plain(kGreen)) == "green");
  CHECK(state_of(flag(), plain({200, 20, 20})) == "none");
  CHECK(state_of(flag(), plain({119, 200, 119})) == "green");  // saturation 40.5
  CHECK(state_of(flag(), plain({121, 200, 121})) == "none");   // saturation 39.5
  const ColorSettings both = read("states: [{name: dark, value: [0, 30]}, {name: red, hue: [340, 20]}]");
  CHECK(state_of(both, plain({0, 0, 76})) == "dark");
  CHECK(state_of(both, plain({0, 0, 77})) == "red");
  CHECK(state_of(read("{}"), plain(kRed)) == "none");
}

TEST_CASE("an event tells the colour with its units, and no hue where there is none") {
  ColorDetector color(flag(), {}, {});
  const auto red = color.judge(plain({0, 51, 204}), nullptr);
  REQUIRE(red);
  CHECK(red->type == "color");
  CHECK(red->state == "red");
  CHECK(red->wants_frames);
  CHECK(red->fields.at("hue") == Approx(15));
  CHECK(red->fields.at("saturation") == Approx(100));
  CHECK(red->fields.at("value") == Approx(80));
  CHECK(red->units == std::map<std::string, std::string>{{"hue", "deg"}, {"saturation", "%"}, {"value", "%"}});
  const auto gray = color.judge(plain(kGray), nullptr);
  REQUIRE(gray);
  CHECK(gray->state == "none");
  CHECK(gray->fields.count("hue") == 0);
  CHECK(gray->units.count("hue") == 0);
  CHECK(gray->fields.at("saturation") == 0);
}

TEST_CASE("only min_frames frames in a row change the state") {
  ColorDetector color(flag(3), {}, {});
  const auto judged = [&](const Bgr& colour) {
    const auto event = color.judge(plain(colour), nullptr);
    return event ? event->state : "";
  };
  CHECK(color.state() == kUndecided);
  for (const auto& [colour, state] : std::vector<std::pair<Bgr, std::string>>{{kRed, ""},
                                                                              {kRed, ""},
                                                                              {kRed, "red"},
                                                                              {kRed, ""},
                                                                              {kGreen, ""},
                                                                              {kGreen, ""},
                                                                              {kRed, ""},
                                                                              {kGreen, ""},
                                                                              {kGreen, ""},
                                                                              {kGray, ""},
                                                                              {kGreen, ""},
                                                                              {kGreen, ""},
                                                                              {kGreen, "green"},
                                                                              {kGray, ""},
                                                                              {kGray, ""},
                                                                              {kGray, "none"}}) {
    CHECK(judged(colour) == state);
  }
  CHECK(color.state() == "none");
}

TEST_CASE("only the region counts, to its last pixel") {
  // 25 to 50 percent of 40 and 30: from 10 to 19 and from 7 to 14.
  const RoiPercent roi{25, 25, 50, 50};
  const auto inside = [](int x, int y) { return x >= 10 && x < 20 && y >= 7 && y < 15; };
  const Frame exactly = frame_of(picture([&](int x, int y) { return inside(x, y) ? kOrange : kGreen; }));
  ColorDetector color(flag(), roi, {});
  const auto event = color.judge(exactly, nullptr);
  REQUIRE(event);
  CHECK(event->fields.at("hue") == Approx(30));
  CHECK(event->fields.at("saturation") == Approx(hsv(kOrange).saturation));
  CHECK(event->fields.at("value") == Approx(hsv(kOrange).value));

  // One column of ten, and one row of eight.
  const auto value = [&](const std::function<bool(int x, int y)>& is_orange) {
    const Frame edge = frame_of(picture([&](int x, int y) { return is_orange(x, y) ? kOrange : kGray; }));
    ColorDetector fresh(flag(), roi, {});
    return fresh.judge(edge, nullptr)->fields.at("value");
  };
  for (const int x : {10, 19}) CHECK(value([x](int at, int) { return at == x; }) == Approx(100 * 128.0 / 255));
  for (const int y : {7, 14}) CHECK(value([y](int, int at) { return at == y; }) == Approx(100 * 130.0 / 255));
}

TEST_CASE("the hue of a region is that of what is colourful in it") {
  // An orange spot on a grey wall; and red on both sides of 0 degrees, whose plain average would be cyan.
  const Frame spot = frame_of(picture([](int x, int) { return x < 20 ? kOrange : kGray; }));
  ColorDetector color(flag(), {}, {});
  const auto event = color.judge(spot, nullptr);
  CHECK(event->fields.at("hue") == Approx(30).margin(0.1));
  CHECK(event->fields.at("saturation") < 60);
  const Frame both = frame_of(picture([](int x, int) { return x % 2 == 0 ? Bgr{60, 20, 200} : Bgr{20, 60, 200}; }));
  CHECK(state_of(flag(), both) == "red");
}

TEST_CASE("noise of a dark picture has no colour") {
  // Each pixel alone is as colourful as can be.
  const Frame noise = frame_of(picture([](int x, int y) {
    const int which = (x + y) % 3;
    return Bgr{which == 0 ? 4 : 0, which == 1 ? 4 : 0, which == 2 ? 4 : 0};
  }));
  ColorDetector color(flag(), {}, {});
  const auto event = color.judge(noise, nullptr);
  REQUIRE(event);
  CHECK(event->state == "none");
  CHECK(event->fields.count("hue") == 0);
  CHECK(event->fields.at("saturation") < 10);
}

TEST_CASE("a grey camera has no hue and no saturation, and its value can be judged") {
  const ColorSettings settings =
      read("states: [{name: red, hue: [0, 360]}, {name: dark, value: [0, 20]}, {name: bright, value: [20, 100]}]");
  common::Bytes wide(std::size_t{kWidth} * kHeight * 2);
  for (std::size_t i = 1; i < wide.size(); i += 2) wide[i] = 200;
  const Frame gray16(PixelForm::gray16, kWidth, kHeight, common::Payload(wide), {}, 0);
  const Frame gray8(PixelForm::gray8, kWidth, kHeight, common::Payload(common::Bytes(kWidth * kHeight, 20)), {}, 0);
  CHECK(state_of(settings, gray16) == "bright");
  CHECK(state_of(settings, gray8) == "dark");
  common::Image image = common::Image::make(kWidth, kHeight, 1);
  CHECK(state_of(settings, frame_of(image, PixelForm::jpeg)) == "dark");
}

TEST_CASE("the colour is the same at every scale of the analysis") {
  const Frame frame = frame_of(picture([](int x, int y) { return Bgr{30 + x, 90 + 2 * y, 150}; }), PixelForm::jpeg);
  const auto whole = mean_bgr(frame, {0, 0, 80, 80}, 1);
  for (const int scale : {2, 4, 8}) {
    INFO(scale);
    const auto mean = mean_bgr(frame, {0, 0, 80, 80}, scale);
    for (std::size_t part = 0; part < 3; ++part) CHECK(mean[part] == Approx(whole[part]).margin(3));
  }
  ColorDetector color(flag(), {}, {8, Decoding::luminance});
  CHECK(color.judge(plain(kGreen, PixelForm::jpeg), nullptr)->state == "green");
}

TEST_CASE("a JPEG that cannot be decoded is known before it is judged") {
  const ColorDetector color(flag(), {}, {});
  const Frame damaged(PixelForm::jpeg, kWidth, kHeight, common::Payload(common::Bytes(500, 7)), {}, 0);
  CHECK_THROWS_AS(color.decode(damaged), common::JpegError);
}

TEST_CASE("the colour of each frame is shown, for ranges to be found") {
  ColorDetector color(flag(), {0, 0, 50, 50}, {});
  std::vector<TuningItem> items;
  color.judge(plain({0, 51, 204}), &items);
  REQUIRE(items.size() == 5);
  CHECK(items[0].text == "ROI");
  CHECK(items[0].image.width == kWidth / 2);
  const auto told = [&](std::size_t item) { return items[item].text + " " + items[item].value; };
  CHECK(told(1) == "State red");
  CHECK(told(2) == "Hue 15");
  CHECK(told(3) == "Saturation 100 %");
  CHECK(told(4) == "Value 80 %");
  items.clear();
  color.judge(plain(kGray), &items);
  CHECK(told(2) == "Hue none");
}

TEST_CASE("states are read in the order of the list, in Python's forms too") {
  const ColorSettings settings = read(
      "states:\n"
      "  - name: shut\n"
      "    hue: (340, 20)\n"
      "    saturation: (40, 100)\n"
      "  - name: half open\n"
      "    value: [0, 12.5]\n"
      "min_frames: 7\n");
  REQUIRE(settings.states.size() == 2);
  CHECK(settings.states[0].name == "shut");
  CHECK(settings.states[0].hue->from == 340);
  CHECK(settings.states[0].hue->to == 20);
  CHECK(settings.states[0].saturation.from == 40);
  CHECK(settings.states[0].value.to == 100);
  CHECK_FALSE(settings.states[1].hue);
  CHECK(settings.states[1].value.to == 12.5);
  CHECK(settings.min_frames == 7);
  CHECK(read("{}").min_frames == 5);
}

TEST_CASE("states that cannot work are refused") {
  for (const char* state :
       {"{hue: [0, 10]}", "{name: none, hue: [0, 10]}", "{name: Unknown, hue: [0, 10]}", "{name: red}", "red",
        "{name: a|b, hue: [0, 10]}", "{name: \"a\\nb\", hue: [0, 10]}", "{name: red, hue: [0, 361]}",
        "{name: red, hue: [-1, 10]}", "{name: red, hue: 10}", "{name: red, saturation: [50, 40]}",
        "{name: red, value: [0, 101]}", "{name: red, value: [60, 40]}", "{name: red, hues: [0, 10], hue: [0, 10]}"}) {
    INFO(state);
    CHECK_THROWS_AS(read(std::string("states: [") + state + "]"), common::SettingsError);
  }
  CHECK_THROWS_AS(read("min_frames: 0"), common::SettingsError);
  CHECK_THROWS_AS(read("states: {name: red, hue: [0, 10]}"), common::SettingsError);
}
