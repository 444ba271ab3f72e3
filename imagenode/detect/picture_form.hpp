#pragma once

#include "imagenode/detect/roi.hpp"

namespace imagenode {

/// What of a frame is sent: the whole in colour, or less.
struct PictureForm {
  RoiPercent part;
  bool gray = false;

  bool is_whole() const { return part == RoiPercent{}; }
  bool operator==(const PictureForm&) const = default;
};

}  // namespace imagenode
