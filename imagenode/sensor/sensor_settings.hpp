#pragma once

#include <string>
#include <vector>

#include "imagenode/detect/reading_detector_settings.hpp"
#include "imagenode/sensor/registry.hpp"

namespace imagenode {

/// One entry of `sensors:`; keys and defaults of the Python node are kept.
struct SensorSettings {
  std::string label;
  std::string name;       ///< what people call it; the label unless given
  bool log_name = false;  ///< whether its texts end with the name
  std::string kind;
  double interval_s = 600;
  double min_difference = 1;  ///< a reading is sent when a value differs by this from the one that was sent last
  std::vector<ReadingDetectorSettings> detectors;
  SensorMaker make;  ///< empty only after a problem was reported
};

/// Problems are reported to the file.
std::vector<SensorSettings> read_sensors(common::Section& root);

}  // namespace imagenode
