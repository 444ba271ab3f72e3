#pragma once

#include <vector>

#include "imagenode/detect/detector_settings.hpp"

/// What detectors draw on the frames that are sent: their region, and the time of capture. Thread-safe.
namespace imagenode {

bool draws(const DetectorSettings& settings);

/// A place in a frame, in pixels.
struct Corner {
  int x = 0;
  int y = 0;
};

/// Draws the outline of a region on 8-bit BGR. `origin` is the place in the frame at which the picture begins.
void draw_region(const DetectorSettings& settings, const RoiPixels& region, Corner origin, common::Image& picture);

/// Draws the time on 8-bit BGR, at its place in the picture.
void draw_stamp(const DetectorSettings& settings, CaptureTime time, common::Image& picture);

}  // namespace imagenode
