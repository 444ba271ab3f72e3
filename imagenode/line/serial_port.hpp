#pragma once

#include <string>

#include "common/files.hpp"

struct termios2;

namespace imagenode {

enum class Parity { none, even, odd };
enum class FlowControl { none, rtscts, xonxoff };

struct SerialSettings {
  std::string port;
  int baud = 9600;
  int data_bits = 8;
  Parity parity = Parity::none;
  int stop_bits = 1;
  FlowControl flow_control = FlowControl::none;
};

/// What the kernel is asked for.
termios2 port_settings(const SerialSettings& settings);

/// Opens the port and sets it: raw bytes, for nobody else. Throws LineError when it is no serial port or does not take
/// the settings, else std::system_error.
common::UniqueFd open_serial(const SerialSettings& settings);

}  // namespace imagenode
