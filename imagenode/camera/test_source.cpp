#include "imagenode/camera/test_source.hpp"

#include "common/jpeg.hpp"

namespace imagenode {
namespace {

constexpr Resolution kDefaultSize{640, 480};
constexpr double kDefaultFps = 10;
constexpr int kQuality = 85;
constexpr std::size_t kMaxRoundBytes = 16'000'000;

}  // namespace

TestSource::TestSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock),
      size_(settings.resolution.value_or(kDefaultSize)),
      fps_(settings.framerate.value_or(kDefaultFps)),
      pace_(settings.pace),
      pacer_(seams) {}

void TestSource::open(const std::stop_token&) {
  scene_.emplace(size_);
  round_.assign(TestScene::kRound, {});
  round_bytes_ = 0;
  next_ = 0;
  pacer_.start(pace_ == Pace::real ? fps_ : 0);
}

FramePtr TestSource::read(const std::stop_token& stop) {
  pacer_.wait_for_turn(stop);
  if (stop.stop_requested()) return nullptr;
  const std::int64_t number = next_++;
  return std::make_shared<const Frame>(PixelForm::jpeg, size_.width, size_.height, picture(number), arrival(clock_),
                                       number);
}

common::Payload TestSource::picture(std::int64_t number) {
  common::Payload& kept = round_[static_cast<std::size_t>(number % TestScene::kRound)];
  if (!kept.empty()) return kept;
  common::Payload fresh(common::encode_jpeg(scene_->draw(number), kQuality));
  if (round_bytes_ + fresh.size() <= kMaxRoundBytes) {
    round_bytes_ += fresh.size();
    kept = fresh;
  }
  return fresh;
}

void TestSource::close() {
  scene_.reset();
  round_.clear();
}

std::string TestSource::describe() const {
  return describe_capture("test scene, JPEG", size_.width, size_.height, fps_);
}

}  // namespace imagenode
