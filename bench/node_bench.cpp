// Frames per second and core of a node's camera thread, from the camera's JPEG to the messages for the hub, against a
// plain OpenCV loop that does the same work as the Python node: decode to BGR, to grey, motion, encode with quality 95.
//
//   build/release/bin/node_bench [CLIP.avi]
//
// The sides take turns, so that whatever else the machine does meets them alike; medians of the rounds are compared.
// One thread, motion with blur 15, every frame sent, nothing drawn.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "bench/scene.hpp"
#include "imagenode/detect/view_watch.hpp"

namespace {

constexpr int kRounds = 15;
constexpr int kBlur = 15;

/// The plain loop's state; frames are as the reference handles them.
class PlainLoop {
 public:
  void frame(const common::Bytes& jpeg) {
    const cv::Mat picture = cv::imdecode(jpeg, cv::IMREAD_COLOR);
    cv::Mat gray;
    cv::cvtColor(picture, gray, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(gray, gray, {kBlur, kBlur}, 0);
    if (average_.empty()) gray.convertTo(average_, CV_64F);
    cv::accumulateWeighted(gray, average_, 0.5);
    cv::Mat rounded;
    cv::Mat delta;
    cv::convertScaleAbs(average_, rounded);
    cv::absdiff(gray, rounded, delta);
    cv::threshold(delta, delta, 5, 255, cv::THRESH_BINARY);
    cv::dilate(delta, delta, cv::Mat(), {-1, -1}, 2);
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(delta, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    for (const auto& contour : contours) {
      moving_ += cv::contourArea(contour) >= static_cast<double>(gray.total()) * 0.03 ? 1 : 0;
    }
    cv::imencode(".jpg", picture, sent_, {cv::IMWRITE_JPEG_QUALITY, 95});
  }

 private:
  cv::Mat average_;
  std::vector<unsigned char> sent_;
  int moving_ = 0;
};

imagenode::ViewSettings view_settings(int scale) {
  auto file = common::SettingsFile::parse("detectors: {motion: {blur_kernel_size: 15, send_frames: continuous}}", "");
  auto root = file.root();
  imagenode::ViewSettings settings;
  settings.node = "Bench";
  settings.analysis.scale = scale;
  settings.detectors = imagenode::read_detectors(root);
  return settings;
}

/// A camera thread of the node, without camera and without link.
class NodeLoop {
 public:
  NodeLoop(const bench::Clip& clip, int scale) : clip_(clip), watch_(view_settings(scale)) {}

  void frame(const common::Bytes& jpeg) {
    // The camera hands its buffer over; nothing is copied.
    const common::Payload payload(jpeg, std::shared_ptr<const void>(&jpeg, [](const void*) {}));
    const auto picture = std::make_shared<imagenode::Frame>(imagenode::PixelForm::jpeg, clip_.width, clip_.height,
                                                            payload, imagenode::CaptureTime{}, number_++);
    sent_ += watch_.watch(picture).messages.size();
  }

 private:
  const bench::Clip& clip_;
  imagenode::ViewWatch watch_;
  std::int64_t number_ = 0;
  std::size_t sent_ = 0;
};

struct Side {
  const char* name;
  std::function<void(const common::Bytes&)> frame;
  std::vector<double> rates;

  double median() {
    std::nth_element(rates.begin(), rates.begin() + kRounds / 2, rates.end());
    return rates[kRounds / 2];
  }
};

void compare(const char* what, const bench::Clip& clip) {
  PlainLoop plain;
  NodeLoop full(clip, 1);
  NodeLoop half(clip, 2);
  NodeLoop quarter(clip, 4);
  std::vector<Side> sides{{"plain OpenCV loop", [&](const auto& jpeg) { plain.frame(jpeg); }, {}},
                          {"analysis_scale 1", [&](const auto& jpeg) { full.frame(jpeg); }, {}},
                          {"analysis_scale 2", [&](const auto& jpeg) { half.frame(jpeg); }, {}},
                          {"analysis_scale 4", [&](const auto& jpeg) { quarter.frame(jpeg); }, {}}};
  for (int round = 0; round < kRounds; ++round) {
    for (Side& side : sides) {
      const auto start = std::chrono::steady_clock::now();
      for (const common::Bytes& jpeg : clip.frames) side.frame(jpeg);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      side.rates.push_back(static_cast<double>(clip.frames.size()) / seconds.count());
    }
  }
  std::printf("%s: %dx%d, %zu frames of %.1f KB\n", what, clip.width, clip.height, clip.frames.size(),
              static_cast<double>(clip.mean_bytes()) / 1000);
  const double base = sides.front().median();
  for (Side& side : sides) {
    std::printf("  %-18s %8.0f frames/s  x %.2f\n", side.name, side.median(), side.median() / base);
  }
}

}  // namespace

int main(int argc, char** argv) {
  cv::setNumThreads(1);
  // The largest pictures first: the plain loop allocates for each frame, and the heap gives back and takes again pages
  // of the system until it has seen large blocks, which would flatter the node.
  compare("made clip", bench::make_clip(1280, 720, 40));
  compare("recorded clip", bench::read_clip(argc > 1 ? argv[1] : BENCH_DATA "/bench-640x480.avi"));
  for (const auto& [width, height] : {std::pair(320, 240), std::pair(640, 480)}) {
    compare("made clip", bench::make_clip(width, height, 40));
  }
  return 0;
}
