#include "imagenode/line/serial_port.hpp"

// The kernel's own structure, in the place of <termios.h>: it takes any speed, not only those that have a name.
#include <asm/termbits.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "common/text.hpp"
#include "imagenode/line/transport.hpp"

namespace imagenode {
namespace {

using common::cat;

/// Speeds that a device only comes near to are good enough.
constexpr double kTolerance = 0.03;

constexpr tcflag_t character_size(int bits) {
  return bits == 5 ? CS5 : bits == 6 ? CS6 : bits == 7 ? CS7 : CS8;
}

}  // namespace

termios2 port_settings(const SerialSettings& settings) {
  termios2 wanted{};
  wanted.c_cflag = CREAD | CLOCAL | BOTHER | character_size(settings.data_bits);
  if (settings.parity != Parity::none) wanted.c_cflag |= PARENB;
  if (settings.parity == Parity::odd) wanted.c_cflag |= PARODD;
  // A byte with wrong parity comes as a zero byte, so that its row is refused.
  if (settings.parity != Parity::none) wanted.c_iflag |= INPCK;
  if (settings.stop_bits == 2) wanted.c_cflag |= CSTOPB;
  if (settings.flow_control == FlowControl::rtscts) wanted.c_cflag |= CRTSCTS;
  if (settings.flow_control == FlowControl::xonxoff) wanted.c_iflag |= IXON | IXOFF;
  wanted.c_cc[VMIN] = 1;
  wanted.c_cc[VSTART] = 0x11;
  wanted.c_cc[VSTOP] = 0x13;
  wanted.c_ispeed = wanted.c_ospeed = static_cast<speed_t>(settings.baud);
  return wanted;
}

common::UniqueFd open_serial(const SerialSettings& settings) {
  const char* port = settings.port.c_str();
  common::UniqueFd fd(::open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) throw LineError(cat("there is no ", port, "; is it plugged in? ls /dev/serial/by-id"));
  if (!fd && errno == EACCES) throw LineError(cat(port, " may not be opened; has imagenode's user the group dialout?"));
  if (!fd && errno == EBUSY) throw LineError(cat(port, " is in use by another program"));
  if (!fd) throw std::system_error(errno, std::generic_category(), port);
  const termios2 wanted = port_settings(settings);
  if (::ioctl(fd.get(), TCSETS2, &wanted) != 0) {
    if (errno == ENOTTY) throw LineError(cat(port, " is no serial port"));
    throw std::system_error(errno, std::generic_category(), cat("cannot set ", port));
  }
  termios2 given{};
  if (::ioctl(fd.get(), TCGETS2, &given) == 0) {
    const double ratio = static_cast<double>(given.c_ospeed) / settings.baud;
    if (ratio < 1 - kTolerance || ratio > 1 + kTolerance) {
      throw LineError(cat(port, " cannot do ", settings.baud, " baud; it offers ", given.c_ospeed));
    }
  }
  // Two readers would each get a part of the rows. Root is not held off by it.
  ::ioctl(fd.get(), TIOCEXCL);
  return fd;
}

}  // namespace imagenode
