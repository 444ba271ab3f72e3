#include "imagenode/sensor/i2c_device.hpp"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
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
    if (bus_) return;
    const int error = errno;
    throw SensorError(cat(path_, ": ", reason(error),
                          error == ENOENT ? "; switch I2C on (dtparam=i2c_arm=on in config.txt, module i2c-dev)"
                                          : "; its group, often i2c, must have the user that runs imagenode"));
  }

  void write(std::uint8_t reg, std::uint8_t value) override {
    std::array<std::uint8_t, 2> bytes{reg, value};
    std::array<i2c_msg, 1> messages{{{address_, 0, bytes.size(), bytes.data()}}};
    transfer(messages);
  }

  void read(std::uint8_t reg, std::span<std::uint8_t> into) override {
    std::array<i2c_msg, 2> messages{
        {{address_, 0, 1, &reg}, {address_, I2C_M_RD, static_cast<std::uint16_t>(into.size()), into.data()}}};
    transfer(messages);
  }

 private:
  void transfer(std::span<i2c_msg> messages) const {
    i2c_rdwr_ioctl_data work{messages.data(), static_cast<std::uint32_t>(messages.size())};
    if (::ioctl(bus_.get(), I2C_RDWR, &work) >= 0) return;
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
