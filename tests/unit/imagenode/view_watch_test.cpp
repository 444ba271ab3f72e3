#include "imagenode/detect/view_watch.hpp"

#include <algorithm>
#include <opencv2/core.hpp>

#include "catch.hpp"
#include "common/clock.hpp"
#include "golden.hpp"
#include "imagenode/detect/drawing.hpp"

using namespace imagenode;

namespace {

constexpr std::int64_t kPeriod = common::kSecond / 10;

CaptureTime time_of(std::int64_t number) {
  return {1'795'168'800 * common::kSecond + number * kPeriod, number * kPeriod};
}

/// A picture of one grey, in BGR.
FramePtr plain_frame(std::int64_t number, int gray) {
  common::Bytes bytes(40 * 30 * 3, static_cast<std::uint8_t>(gray));
  return std::make_shared<Frame>(PixelForm::bgr, 40, 30, common::Payload(std::move(bytes)), time_of(number), number);
}

FramePtr jpeg_frame(std::int64_t number, int gray) {
  common::Image image = common::Image::make(40, 30, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(gray));
  return std::make_shared<Frame>(PixelForm::jpeg, 40, 30, common::Payload(common::encode_jpeg(image)), time_of(number),
                                 number);
}

ViewSettings settings(const std::string& detectors, SendType send_type = SendType::jpg) {
  ViewSettings made;
  made.node = "Barn";
  made.view = "door";
  made.send_type = send_type;
  made.detectors = golden::parse_settings("detectors: " + detectors);
  return made;
}

std::string text_of(const common::Message& message) {
  const bool is_frame = message.text.ends_with("|jpg") || message.text.ends_with("|image");
  return is_frame ? "frame " + std::to_string(message.monotonic_ns / kPeriod) : message.text;
}

/// What goes out for a row of grey values, one frame each, per frame that brought something: "3: event, frame 2 ...".
std::vector<std::string> watched(const std::string& detectors, const std::vector<int>& grays, int queuemax = 50) {
  ViewSettings made = settings(detectors);
  made.queuemax = queuemax;
  ViewWatch watch(std::move(made));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < grays.size(); ++i) {
    std::string line;
    const auto number = static_cast<std::int64_t>(i);
    for (const common::Message& message : watch.watch(plain_frame(number, grays[i])).messages) {
      line += (line.empty() ? std::to_string(i) + ": " : ", ") + text_of(message);
    }
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

using Lines = std::vector<std::string>;

bool same_bytes(const common::Payload& a, const common::Payload& b) {
  return std::ranges::equal(a.view(), b.view());
}

}  // namespace

TEST_CASE("an event is followed by the newest send_count frames, its own included") {
  CHECK(watched("{light: {send_frames: detected event, send_count: 3, min_frames: 4}}", {0, 0, 0, 0, 0, 0}) ==
        Lines{"3: Barn door|light|dark, frame 1, frame 2, frame 3"});
  CHECK(watched("{light: {send_frames: detected event, send_count: 9, min_frames: 2}}", {0, 0, 0}) ==
        Lines{"1: Barn door|light|dark, frame 0, frame 1"});
}

TEST_CASE("frames older than queuemax are not kept for an event") {
  CHECK(watched("{light: {send_frames: detected event, send_count: 5, min_frames: 4}}", {0, 0, 0, 0}, 2) ==
        Lines{"3: Barn door|light|dark, frame 2, frame 3"});
}

TEST_CASE("send_after frames follow the event, and begin anew with the next one") {
  CHECK(watched("{light: {send_frames: detected event, send_count: 1, send_after: 2, min_frames: 1}}",
                {0, 0, 0, 0, 0}) == Lines{"0: Barn door|light|dark, frame 0", "1: frame 1", "2: frame 2"});
  CHECK(watched("{light: {send_frames: detected event, send_count: 1, send_after: 2, min_frames: 1}}",
                {0, 255, 255, 255, 255}) ==
        Lines{"0: Barn door|light|dark, frame 0", "1: Barn door|light|lighted, frame 1", "2: frame 2", "3: frame 3"});
  CHECK(watched("{light: {send_frames: detected event, send_count: 0, send_after: 1, min_frames: 1}}", {0, 0, 0}) ==
        Lines{"0: Barn door|light|dark", "1: frame 1"});
}

TEST_CASE("no frame is sent twice, neither for events that overlap nor for several detectors") {
  CHECK(watched("{light: {send_frames: detected event, send_count: 3, min_frames: 1}}", {0, 0, 255, 0}) ==
        Lines{"0: Barn door|light|dark, frame 0", "2: Barn door|light|lighted, frame 1, frame 2",
              "3: Barn door|light|dark, frame 3"});
  CHECK(watched("[{light: {send_frames: detected event, send_count: 2, min_frames: 2}}, "
                "{light: {send_frames: detected event, send_count: 3, min_frames: 2, roi_name: Low, "
                "log_roi_name: True}}]",
                {0, 0, 0}) == Lines{"1: Barn door|light|dark, frame 0, frame 1, Barn door|light|dark|Low"});
  CHECK(watched("[{light: {send_frames: continuous, min_frames: 3}}, "
                "{light: {send_frames: detected event, send_count: 5, min_frames: 3}}]",
                {0, 0, 0, 0}) ==
        Lines{"0: frame 0", "1: frame 1", "2: Barn door|light|dark, Barn door|light|dark, frame 2", "3: frame 3"});
}

namespace {

/// As watched(), with the width of each picture.
std::vector<std::string> watched_widths(ViewWatch& watch, int frames) {
  std::vector<std::string> lines;
  for (std::int64_t i = 0; i < frames; ++i) {
    std::string line;
    for (const common::Message& message : watch.watch(jpeg_frame(i, 0)).messages) {
      const int width = common::jpeg_size(message.payload.view()).width;
      line += (line.empty() ? "" : ", ") + text_of(message) + (width == 3 ? "" : ": " + std::to_string(width));
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("a frame that two detectors want is sent in the form that each wants, and once when these are the same") {
  const std::string events = "send_frames: detected event, send_count: 2, min_frames: 2, ";
  ViewWatch forms(settings("[{light: {" + events + "ROI: '(0,0),(50,50)', send: roi}}, {light: {" + events +
                           "ROI: '(0,0),(25,50)', send: [roi, gray]}}, {light: {" + events + "ROI: '(0,0),(50,50)', " +
                           "send: roi}}, {light: {" + events + "send: full}}]"));
  const std::string dark = "Barn door|light|dark";
  CHECK(watched_widths(forms, 3) ==
        Lines{"",
              dark + ", frame 0: 20, frame 1: 20, " + dark + ", frame 0: 10, frame 1: 10, " + dark + ", " + dark +
                  ", frame 0: 40, frame 1: 40",
              ""});
  ViewWatch continuous(
      settings("[{light: {ROI: '(0,0),(50,50)', send: roi}}, {light: {ROI: '(0,0),(25,50)', "
               "send: roi}}, {light: {}}]"));
  CHECK(watched_widths(continuous, 2) ==
        Lines{"frame 0: 20, frame 0: 10, frame 0: 40", "frame 1: 20, frame 1: 10, frame 1: 40"});
}

TEST_CASE("frames and stills that somebody asks for are whole and in colour, whatever the detectors send") {
  ViewWatch watch(settings("{light: {ROI: '(0,0),(50,50)', send: [roi, gray]}}"));
  CHECK(watched_widths(watch, 2) == Lines{"frame 0: 20", "frame 1: 20"});
  const auto request = std::make_shared<FrameRequest>(1);
  watch.want_frames(request);
  const FramePtr frame = jpeg_frame(2, 90);
  const auto messages = watch.watch(frame).messages;
  REQUIRE(messages.size() == 2);
  CHECK(common::jpeg_size(messages[0].payload.view()).width == 20);
  CHECK(same_bytes(messages[1].payload, frame->data()));
  watch.want_still(request);
  CHECK(same_bytes(watch.still(frame).messages.at(0).payload, frame->data()));
}

TEST_CASE("send_frames none sends the event alone, and a camera without detectors nothing") {
  CHECK(watched("{light: {send_frames: none, min_frames: 1}}", {0, 0}) == Lines{"0: Barn door|light|dark"});
  CHECK(watched("{}", {0, 0, 0}).empty());
}

TEST_CASE("continuous frames can be limited to a rate of capture time") {
  // Ten frames per second come in.
  const std::string light = "light: {threshold: 0, percent: 0, min_frames: 99, send_frames: continuous, send_fps: ";
  CHECK(watched("{" + light + "5}}", std::vector<int>(7)) ==
        Lines{"0: frame 0", "2: frame 2", "4: frame 4", "6: frame 6"});
  CHECK(watched("{" + light + "4}}", std::vector<int>(11)) ==
        Lines{"0: frame 0", "3: frame 3", "5: frame 5", "8: frame 8", "10: frame 10"});
  CHECK(watched("{" + light + "100}}", std::vector<int>(3)).size() == 3);
}

TEST_CASE("after a pause the rate begins anew instead of catching up") {
  RateLimit limit(1);
  CHECK(limit.pass(0));
  CHECK(limit.pass(10 * common::kSecond));
  CHECK_FALSE(limit.pass(10 * common::kSecond + 1));
  CHECK(limit.pass(11 * common::kSecond));
}

TEST_CASE("with print_still_frames off no frames go with still, and all with moving") {
  const std::string motion =
      "{motion: {min_motion_frames: 1, min_still_frames: 2, send_frames: detected event, send_count: 2, "
      "print_still_frames: ";
  const std::vector<int> grays{0, 0, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200};
  const Lines all = watched(motion + "True}}", grays);
  const Lines without = watched(motion + "False}}", grays);
  REQUIRE(all.size() == 3);
  CHECK(all[0] == "1: Barn door|motion|still, frame 0, frame 1");
  CHECK(without[0] == "1: Barn door|motion|still");
  // The frame before was not sent with `still`, so it goes with `moving`.
  CHECK(all[1] == "2: Barn door|motion|moving, frame 2");
  CHECK(without[1] == "2: Barn door|motion|moving, frame 1, frame 2");
  CHECK(without[2].find("frame") == std::string::npos);
}

TEST_CASE("messages carry sender, capture time, numbers, and a tiny picture for old hubs") {
  ViewWatch watch(settings("{light: {min_frames: 1, send_frames: detected event}}"));
  const auto messages = watch.watch(plain_frame(7, 30)).messages;
  REQUIRE(messages.size() == 2);
  const common::Message& event = messages[0];
  CHECK(event.node == "Barn");
  CHECK(event.view == "door");
  CHECK(event.time_ns == time_of(7).utc_ns);
  CHECK(event.monotonic_ns == time_of(7).monotonic_ns);
  CHECK(event.fields.at("mean_gray") == 30);
  CHECK(event.fields.at("lighted") == 0);
  CHECK(common::jpeg_size(event.payload.view()).width == 3);
  CHECK(messages[1].text == "Barn door|jpg");
  CHECK(common::jpeg_size(messages[1].payload.view()).width == 40);
  CHECK(messages[1].time_ns == time_of(7).utc_ns);
}

TEST_CASE("send_type image sends events and frames as arrays") {
  ViewWatch watch(settings("{light: {min_frames: 1, send_frames: detected event}}", SendType::image));
  const FramePtr frame = plain_frame(0, 30);
  const auto messages = watch.watch(frame).messages;
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].array->shape == std::vector<std::int64_t>{3, 3});
  CHECK(messages[0].payload.size() == 9);
  CHECK(messages[1].text == "Barn door|image");
  CHECK(messages[1].array->dtype == "uint8");
  CHECK(messages[1].array->shape == std::vector<std::int64_t>{30, 40, 3});
  CHECK(same_bytes(messages[1].payload, frame->data()));

  const auto wide =
      std::make_shared<Frame>(PixelForm::gray16, 4, 2, common::Payload(common::Bytes(16, 255)), time_of(1), 1);
  ViewWatch wide_watch(settings("{light: {min_frames: 1}}", SendType::image));
  CHECK(wide_watch.watch(wide).messages.back().array->dtype == "uint16");
}

TEST_CASE("a camera's own JPEG is sent byte for byte, until something is drawn on it") {
  const FramePtr frame = jpeg_frame(0, 90);
  ViewWatch plain(settings("{light: {}}"));
  const auto sent = plain.watch(frame).messages;
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].payload.view().data() == frame->data().view().data());
  CHECK(sent[0].payload.size() == frame->data().size());

  ViewWatch drawing(settings("{light: {draw_roi: '((0,0,255),5)', ROI: '(10,10),(60,60)'}}"));
  const auto drawn = drawing.watch(frame).messages;
  REQUIRE(drawn.size() == 1);
  CHECK_FALSE(same_bytes(drawn[0].payload, frame->data()));
  common::Image picture;
  common::decode_bgr(drawn[0].payload.view(), 1, picture);
  const auto red_at = [&](int x, int y) { return picture.pixels[static_cast<std::size_t>((y * 40 + x) * 3 + 2)]; };
  CHECK(red_at(4, 10) > 150);
  CHECK(red_at(14, 10) < 120);
}

TEST_CASE("the region is drawn where its pixels are, the time in its colour") {
  DetectorSettings one = golden::parse_settings(
                             "detectors: {light: {ROI: '(10,10),(60,60)', draw_roi: '((255,0,0),1)', "
                             "draw_time: '((0,255,0),1)', draw_time_org: '(0,90)', draw_time_fontScale: 0.4}}")
                             .at(0);
  common::Image picture = common::Image::make(200, 100, 3);
  draw_region(one, roi_in(one.roi, 200, 100), {}, picture);
  draw_stamp(one, time_of(0), picture);
  const auto at = [&](int x, int y, int channel) {
    return picture.pixels[static_cast<std::size_t>((y * 200 + x) * 3 + channel)];
  };
  CHECK(at(20, 10, 0) == 255);
  CHECK(at(120, 60, 0) == 255);
  CHECK(at(70, 30, 0) == 0);
  int green = 0;
  for (int y = 78; y < 94; ++y) {
    for (int x = 0; x < 200; ++x) green += at(x, y, 1) > 100 ? 1 : 0;
  }
  CHECK(green > 50);
}

TEST_CASE("drawing does not change what detectors see") {
  const golden::Case one = golden::case_named("yard-two-rois");
  std::vector<std::string> events;
  ViewSettings drawing;
  drawing.node = "Golden";
  drawing.view = "view";
  drawing.detectors = golden::read_settings(one.settings);
  for (DetectorSettings& detector : drawing.detectors) {
    detector.draw_roi = Pen{255, 255, 255, 5};
    detector.draw_time = Pen{255, 255, 255, 2};
  }
  ViewWatch watch(drawing);
  for (const FramePtr& frame : golden::read_clip(one.clip, golden::Read::compressed)) {
    for (const common::Message& message : watch.watch(frame).messages) {
      if (!message.text.ends_with("|jpg")) events.push_back(std::to_string(frame->number()) + '\t' + message.text);
    }
  }
  CHECK(events == one.events);
}

TEST_CASE("a frame that cannot be decoded is counted and left out") {
  ViewWatch watch(settings("{light: {min_frames: 2, send_frames: detected event, send_test_images: True}}"));
  watch.watch(jpeg_frame(0, 10));
  const auto damaged =
      std::make_shared<Frame>(PixelForm::jpeg, 40, 30, common::Payload(common::Bytes(900, 3)), time_of(1), 1);
  CHECK(watch.watch(damaged).messages.empty());
  CHECK(watch.damaged_frames() == 1);
  const auto messages = watch.watch(jpeg_frame(2, 10)).messages;
  REQUIRE(messages.size() == 3);
  CHECK(text_of(messages[1]) == "frame 0");
  CHECK(text_of(messages[2]) == "frame 2");
}

TEST_CASE("tuning images show what a detector sees and makes of it") {
  const auto texts = [](const Outcome& outcome) {
    std::vector<std::string> found;
    for (const common::Message& message : outcome.tuning) {
      found.push_back(message.text);
      CHECK(common::is_whole_jpeg(message.payload.view()));
    }
    return found;
  };
  ViewWatch motion(settings("{motion: {send_test_images: True, ROI: '(0,0),(50,50)'}}"));
  const Outcome moved = motion.watch(jpeg_frame(0, 40));
  CHECK(texts(moved) == Lines{"ROI", "Grayscale", "frameDelta", "thresholded", "State", "N Contours", "Area"});
  CHECK(common::jpeg_size(moved.tuning[0].payload.view()).width == 20);
  CHECK(common::jpeg_size(moved.tuning[4].payload.view()).width == 200);
  CHECK(common::jpeg_size(moved.tuning[4].payload.view()).height == 50);
  ViewWatch light(settings("{light: {send_test_images: True}}"));
  CHECK(texts(light.watch(plain_frame(0, 40))) == Lines{"ROI", "Grayscale", "State", "Mean Pixel Value"});
  ViewWatch none(settings("{light: {}}"));
  CHECK(none.watch(plain_frame(0, 40)).tuning.empty());
}

namespace {

/// The frames that a watch sends at frame `number` after `request` was made.
std::string sent_at(ViewWatch& watch, std::int64_t number) {
  std::string line;
  for (const common::Message& message : watch.watch(plain_frame(number, 0)).messages) {
    line += (line.empty() ? "" : ", ") + text_of(message);
  }
  return line;
}

}  // namespace

TEST_CASE("frames that somebody wants are the newest and those to come, each sent once") {
  ViewWatch watch(settings("{light: {send_frames: detected event, send_count: 3, min_frames: 9}}"));
  for (std::int64_t i = 0; i < 4; ++i) CHECK(sent_at(watch, i).empty());
  const auto request = std::make_shared<FrameRequest>(5);
  watch.want_frames(request);
  CHECK(sent_at(watch, 4) == "frame 2, frame 3, frame 4");
  CHECK(sent_at(watch, 5) == "frame 5");
  const auto another = std::make_shared<FrameRequest>(2);
  watch.want_frames(another);
  const Outcome last = watch.watch(plain_frame(6, 0));
  REQUIRE(last.messages.size() == 1);
  CHECK(text_of(last.messages[0]) == "frame 6");
  CHECK(last.fulfilled == std::vector{request, another});
  CHECK(sent_at(watch, 7).empty());
}

TEST_CASE("frames are sent on request of a view without detectors, and not to who gave up") {
  ViewWatch watch(settings("{}"));
  CHECK(sent_at(watch, 0).empty());
  auto request = std::make_shared<FrameRequest>(2);
  watch.want_frames(request);
  CHECK(sent_at(watch, 1) == "frame 1");
  request.reset();
  CHECK(sent_at(watch, 2).empty());
}

TEST_CASE("a still is the frame as it came, without what is drawn, and only when it is wanted") {
  ViewWatch watch(settings("{light: {draw_roi: '((255,0,0),5)'}}"));
  const FramePtr frame = jpeg_frame(0, 90);
  CHECK(watch.still(frame).messages.empty());
  const auto request = std::make_shared<FrameRequest>(1);
  watch.want_still(request);
  const Outcome outcome = watch.still(frame);
  REQUIRE(outcome.messages.size() == 1);
  CHECK(same_bytes(outcome.messages[0].payload, frame->data()));
  CHECK(outcome.fulfilled == std::vector{request});
  CHECK(watch.still(frame).messages.empty());
}
