#pragma once

#include <optional>
#include <vector>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"
#include "imagenode/camera/pacer.hpp"
#include "imagenode/camera/test_scene.hpp"

namespace imagenode {

/// `src: test`: the TestScene as JPEG frames, as a webcam gives them; 640x480 at 10 frames/s unless set otherwise.
/// With `pace: fast` as fast as they are read.
class TestSource final : public FrameSource {
 public:
  TestSource(const CameraSettings& settings, const SourceSeams& seams);

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return pace_ == Pace::real; }
  std::string describe() const override;

 private:
  common::Payload picture(std::int64_t number);

  const common::Clock& clock_;
  Resolution size_;
  double fps_;
  Pace pace_;
  Pacer pacer_;
  std::int64_t next_ = 0;
  std::optional<TestScene> scene_;
  // The scene repeats itself: after the first round nothing is encoded again, as far as a round fits.
  std::vector<common::Payload> round_;
  std::size_t round_bytes_ = 0;
};

}  // namespace imagenode
