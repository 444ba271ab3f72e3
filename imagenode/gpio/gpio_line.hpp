#pragma once

#include <memory>
#include <string>

#include "common/settings_reader.hpp"
#include "imagenode/gpio/gpio_chip.hpp"

namespace imagenode {

/// A line as the settings name it.
struct GpioAddress {
  std::string chip;  ///< name or label; empty: the one with the pins of a Raspberry Pi, or the only one
  std::string line;  ///< offset or name
  bool active_low = false;

  /// `chip`, `gpio` and `active_low`. `standard` is the line unless the file gives one; empty: it must.
  static GpioAddress read(common::Section& section, const std::string& standard);
};

// Find the line and take it. They throw GpioError.
std::unique_ptr<InputLine> open_input(const GpioChips& chips, const GpioAddress& address, Pull pull);
std::unique_ptr<OutputLine> open_output(const GpioChips& chips, const GpioAddress& address, bool active);

}  // namespace imagenode
