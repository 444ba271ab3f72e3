#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "common/wait.hpp"
#include "imagenode/gpio/gpio_chip.hpp"
#include "imagenode/reading/reading.hpp"
#include "imagenode/sensor/i2c_device.hpp"

namespace imagenode {

/// There is nothing to read: the hardware is absent, or does not answer. Says what a user can do about it.
struct SensorError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a sensor needs from outside.
struct SensorSeams {
  common::FileSystem& files;
  std::filesystem::path sysfs = "/sys";
  common::Wait wait = common::wait_for_real;
  GpioChips gpio = gpio_chips;
  OpenI2c i2c = open_i2c;
};

/// Something that is read now and then. Bound to its thread; may be made elsewhere.
class Sensor {
 public:
  Sensor() = default;
  Sensor(const Sensor&) = delete;
  Sensor& operator=(const Sensor&) = delete;
  virtual ~Sensor() = default;

  /// Reads once, however long that takes; a stop ends it within a second or two. One reading for each event that may
  /// come of it, each with fields of its own, and a text as if it were to be sent. Source and, unless the sensor knows
  /// it better, time are filled in by the caller; so is UTC of a monotonic time. Throws SensorError or
  /// std::system_error; the next call tries anew, from finding the hardware on.
  virtual std::vector<Reading> read(const std::stop_token& stop) = 0;

  /// Whether it notices by itself what happens between two readings; then watch() is called in the place of waiting.
  virtual bool watches() const { return false; }

  /// Waits until `until_ns` of the monotonic clock, a stop, or until there may be something to tell, and returns that;
  /// else as read(). Called once more at the end, with the stop.
  virtual std::vector<Reading> watch(const std::stop_token& /*stop*/, std::int64_t /*until_ns*/) { return {}; }

  /// The value by which changes of a field are judged: as its text shows it, where that is coarser.
  virtual double judged(double value) const { return value; }
};

}  // namespace imagenode
