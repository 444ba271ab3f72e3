#pragma once

#include <optional>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// What is done to each frame before anybody sees it.
struct Transform {
  bool half_turn = false;              ///< by 180 degrees, which is what `vflip` has always meant
  std::optional<double> resize_width;  ///< percent of the width, with INTER_AREA

  bool any() const { return half_turn || resize_width; }
};

/// What is left to do with the frames of this camera: a Pi camera turns them itself.
Transform transform_of(const CameraSettings& settings);

/// The size after resizing, as the Python node computes it: width = w * percent // 100, height = int(h * (width / w)).
struct FrameSize {
  int width = 0;
  int height = 0;
};
FrameSize resized(int width, int height, double percent);

/// A BGR frame with the same time and number; `frame` itself when there is nothing to do. Ends the pass-through of
/// JPEG. Throws common::JpegError on damaged data.
FramePtr transformed(const FramePtr& frame, const Transform& transform);

}  // namespace imagenode
