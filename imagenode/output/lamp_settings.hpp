#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/gpio/gpio_line.hpp"
#include "imagenode/output/known_view.hpp"
#include "imagenode/output/timetable.hpp"

namespace imagenode {

/// `on: dark`: while the light detector of a view says so.
struct Darkness {
  std::string view;    ///< its name, may be empty
  double hold_s = 60;  ///< shortest time on, and off

  bool operator==(const Darkness&) const = default;
};

/// One entry of `lights:`; keys and defaults of the Python node are kept.
struct LampSettings {
  std::string label;
  std::string name;  ///< what people call it; the label unless given
  GpioAddress address;
  Timetable on;
  std::optional<Darkness> dark;  ///< in the place of the timetable
};

/// Problems are reported to the file.
std::vector<LampSettings> read_lamps(common::Section& root, const KnownViews& views);

}  // namespace imagenode
