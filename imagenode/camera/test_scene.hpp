#pragma once

#include <cstdint>

#include "common/image.hpp"
#include "imagenode/camera/camera_settings.hpp"

namespace imagenode {

/// The built-in scene: a figure walks to the right (frames 0 to 59), rests (60 to 99), walks back (100 to 159), rests
/// (160 to 199), and so on; a lamp lights the scene from frame 30 to 129 of each round, in which the mean grey rises
/// from below 85 to above 115. A small mark at the lower edge moves with each frame, as the noise of a real camera
/// would. A pure function of the frame number and size. Not thread-safe.
class TestScene {
 public:
  static constexpr std::int64_t kRound = 200;

  explicit TestScene(Resolution size);

  /// BGR.
  const common::Image& draw(std::int64_t number);

 private:
  Resolution size_;
  common::Image dark_;
  common::Image lit_;
  common::Image picture_;
};

}  // namespace imagenode
