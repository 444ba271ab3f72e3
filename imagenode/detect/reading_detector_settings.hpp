#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "imagenode/detect/reading_registry.hpp"

namespace imagenode {

/// One entry of the section `detectors` of a sensor or line.
struct ReadingDetectorSettings {
  std::string name;   ///< the type of its events
  std::string kind;   ///< empty only after a problem was reported
  std::string field;  ///< that it judges; empty: any reading counts
  std::function<std::unique_ptr<ReadingDetector>()> make;
};

/// The section `detectors` of a sensor or line. Problems are reported to the file.
std::vector<ReadingDetectorSettings> read_reading_detectors(common::Section& section, const WatchedSource& source);

}  // namespace imagenode
