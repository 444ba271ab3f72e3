#pragma once

#include <string>
#include <vector>

#include "imagenode/detect/detector.hpp"
#include "imagenode/detect/roi.hpp"

/// Pictures for `send_test_images`: what a detector looks at and what it makes of it. Thread-safe.
namespace imagenode {

/// The pictures that all detectors show: `ROI` in colour and `Grayscale` as analysed.
void add_roi_pictures(const Frame& frame, const RoiPercent& roi, const common::Image& gray, const RoiPixels& gray_roi,
                      std::vector<TuningItem>& items);

/// The value in white on black, 200x50.
common::Image picture_of_value(const std::string& value);

}  // namespace imagenode
