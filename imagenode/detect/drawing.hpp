#pragma once

#include <vector>

#include "imagenode/detect/detector_settings.hpp"

/// What detectors draw on the frames that are sent: their region, and the time of capture. Thread-safe.
namespace imagenode {

bool draws(const DetectorSettings& settings);

/// Draws on 8-bit BGR.
void draw(const DetectorSettings& settings, CaptureTime time, common::Image& picture);

}  // namespace imagenode
