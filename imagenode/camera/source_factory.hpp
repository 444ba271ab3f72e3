#pragma once

#include <memory>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"

namespace imagenode {

/// The source that `src` and the label name, not yet open:
/// `test`; an address with `://`; a webcam's index or /dev/...; a folder, glob or image; else a video file. Without
/// `src`, or with an index, a label that begins with P is a Pi camera.
std::unique_ptr<FrameSource> make_source(const CameraSettings& settings, const SourceSeams& seams);

}  // namespace imagenode
