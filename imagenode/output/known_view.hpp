#pragma once

#include <string>
#include <vector>

namespace imagenode {

/// What outputs need to know of a camera.
struct KnownView {
  std::string label;
  std::string name;  ///< may be empty
  int light_detectors = 0;

  bool is(const std::string& given) const { return !given.empty() && (given == name || given == label); }
};

using KnownViews = std::vector<KnownView>;

}  // namespace imagenode
