#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace imagenode {

/// A chip on an I2C bus. Whatever fails throws SensorError. Bound to one thread at a time.
class I2cDevice {
 public:
  I2cDevice() = default;
  I2cDevice(const I2cDevice&) = delete;
  I2cDevice& operator=(const I2cDevice&) = delete;
  virtual ~I2cDevice() = default;

  virtual void write(std::uint8_t reg, std::uint8_t value) = 0;
  /// From this register on.
  virtual void read(std::uint8_t reg, std::span<std::uint8_t> into) = 0;
};

/// By the number of the bus and the address of the chip.
using OpenI2c = std::function<std::unique_ptr<I2cDevice>(int bus, std::uint16_t address)>;

/// By the kernel's /dev/i2c-N.
std::unique_ptr<I2cDevice> open_i2c(int bus, std::uint16_t address);

}  // namespace imagenode
