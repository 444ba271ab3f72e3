#pragma once

#include "common/settings_reader.hpp"

namespace imagenode {

/// `scale`, `offset`, `unit`: what makes a number of some device a value: number * scale + offset.
struct Scaling {
  double scale = 1;
  double offset = 0;
  std::string unit;  ///< empty: none, or the device's own

  static Scaling read(common::Section& section) {
    Scaling scaling;
    section.read("scale", scaling.scale);
    section.read("offset", scaling.offset);
    section.read("unit", scaling.unit);
    return scaling;
  }
  double of(double number) const { return number * scale + offset; }
};

}  // namespace imagenode
