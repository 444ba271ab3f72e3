#pragma once

#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/gpio/gpio_line.hpp"
#include "imagenode/output/timetable.hpp"

namespace imagenode {

/// One entry of `lights:`; keys and defaults of the Python node are kept.
struct LampSettings {
  std::string label;
  std::string name;  ///< what people call it; the label unless given
  GpioAddress address;
  Timetable on;
};

/// Problems are reported to the file.
std::vector<LampSettings> read_lamps(common::Section& root);

}  // namespace imagenode
