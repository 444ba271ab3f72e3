#include "imagenode/sensor/i2c_device.hpp"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

#include "common/files.hpp"
#include "common/text.hpp"
#include "imagenode/sensor/sensor.hpp"

namespace imagenode {
namespace {

using common::cat;

std::string reason(int error) {
  return std::generic_category().message(error);
}

class KernelI2c final : public I2cDevice {
 public:
  KernelI2c(int bus, std::uint16_t address)
      : path_(cat("/dev/i2c-", bus)), address_(address), bus_(::open(path_.c_str(), O_RDWR | O_CLOEXEC)) {
    if (!bus_) {
      const int error = errno;
      throw SensorError(cat(path_, ": ", reason(error),
                            error == ENOENT ? "; switch I2C on (dtparam=i2c_arm=on in config.txt, module i2c-dev)"
                                            : "; its group, often i2c, must have the user that runs imagenode"));
    }
    if (::ioctl(bus_.get(), I2C_SLAVE, address_) != 0) {
      throw SensorError(cat("address ", address_, " of ", path_, " cannot be had (", reason(errno),
                            "); has a driver of the kernel the chip?"));
    }
  }

  void write(std::uint8_t reg, std::uint8_t value) override {
    i2c_smbus_data data{};
    data.byte = value;
    transfer(I2C_SMBUS_WRITE, reg, I2C_SMBUS_BYTE_DATA, data);
  }

  void read(std::uint8_t reg, std::span<std::uint8_t> into) override {
    while (!into.empty()) {
      const std::span part = into.first(std::min<std::size_t>(into.size(), I2C_SMBUS_BLOCK_MAX));
      i2c_smbus_data data{};
      data.block[0] = static_cast<std::uint8_t>(part.size());
      transfer(I2C_SMBUS_READ, reg, I2C_SMBUS_I2C_BLOCK_DATA, data);
      std::copy_n(std::begin(data.block) + 1, part.size(), part.begin());
      reg = static_cast<std::uint8_t>(reg + part.size());
      into = into.subspan(part.size());
    }
  }

 private:
  /// The commands of SMBus in the place of transfers of our own making: every bus of the kernel has them, also those
  /// that have nothing else.
  void transfer(std::uint8_t direction, std::uint8_t reg, std::uint32_t size, i2c_smbus_data& data) const {
    i2c_smbus_ioctl_data work{direction, reg, size, &data};
    if (::ioctl(bus_.get(), I2C_SMBUS, &work) >= 0) return;
    throw SensorError(cat("nothing answers at address ", address_, " of ", path_, " (", reason(errno),
                          "); look at address and wiring, and at i2cdetect -y"));
  }

  const std::string path_;
  const std::uint16_t address_;
  const common::UniqueFd bus_;
};

}  // namespace

std::unique_ptr<I2cDevice> open_i2c(int bus, std::uint16_t address) {
  return std::make_unique<KernelI2c>(bus, address);
}

}  // namespace imagenode
