// Pseudo-terminals in the place of serial ports: they are opened, read and cut off as real ones are, but speed and flow
// control have no effect on them, and data bits and parity they do not take.

#include <asm/termbits.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "catch.hpp"
#include "imagenode/line/serial_port.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

using Told = std::vector<std::string>;

/// The device's end, and a name under which its port is plugged in and out, as udev's links are.
class Port {
 public:
  explicit Port(std::filesystem::path link) : link_(std::move(link)) { plug(); }
  ~Port() { unplug(); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void plug() {
    device = common::UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ::grantpt(device.get());
    ::unlockpt(device.get());
    std::filesystem::create_symlink(::ptsname(device.get()), link_);
  }
  void unplug() {
    std::filesystem::remove(link_);
    device = {};
  }
  std::string keys(const std::string& more = "fields: [a], ") const {
    return "type: serial, port: " + link_.string() + ", " + more;
  }
  std::string read() const {
    std::array<char, 256> bytes{};
    const ssize_t count = ::read(device.get(), bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  termios2 settings() const {
    termios2 set{};
    ::ioctl(device.get(), TCGETS2, &set);
    return set;
  }

  common::UniqueFd device;

 private:
  const std::filesystem::path link_;
};

}  // namespace

TEST_CASE("a serial port is set as wanted, and its bytes come as they are") {
  LineBench bench;
  Port port(bench.root() / "port");
  bench.line(
      port.keys("baud: 250000, data_bits: 7, parity: odd, stop_bits: 2, flow_control: rtscts, skip_first: False, "
                "format: raw, chunk: {rows: 2}"));
  bench.turn();
  const termios2 set = port.settings();
  CHECK(set.c_ospeed == 250'000);
  CHECK((set.c_cflag & (PARODD | CSTOPB | CRTSCTS)) == (PARODD | CSTOPB | CRTSCTS));
  CHECK((set.c_lflag & (ICANON | ECHO | ISIG)) == 0);
  CHECK((set.c_iflag & (IXON | ICRNL | ISTRIP)) == 0);
  LineBench::put(port.device, "1\r2\x03\x11\n\x04\n");
  bench.settle();
  REQUIRE(bench.chunks.size() == 1);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring("1\\r2\\x03\\x11\r\n") && ContainsSubstring("\\x04\r\n"));
}

TEST_CASE("the kernel is asked for bits, parity and flow control, too, which a pseudo-terminal has not") {
  SerialSettings settings;
  termios2 plain = port_settings(settings);
  CHECK((plain.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS)) == CS8);
  CHECK((plain.c_iflag & (IXON | IXOFF | INPCK)) == 0);
  CHECK(plain.c_ospeed == 9600);
  settings.data_bits = 7;
  settings.parity = Parity::even;
  settings.flow_control = FlowControl::xonxoff;
  plain = port_settings(settings);
  CHECK((plain.c_cflag & (CSIZE | PARENB | PARODD)) == (CS7 | PARENB));
  CHECK((plain.c_iflag & (IXON | IXOFF | INPCK)) == (IXON | IXOFF | INPCK));
  settings.data_bits = 5;
  settings.parity = Parity::odd;
  CHECK((port_settings(settings).c_cflag & (CSIZE | PARENB | PARODD)) == (CS5 | PARENB | PARODD));
}

TEST_CASE("a port that is unplugged is told, and told as back when it is there again") {
  LineBench bench;
  Port port(bench.root() / "port");
  bench.line(port.keys() + "chunk: {rows: 1}");
  bench.turn();
  LineBench::put(port.device, "half a row\n1\n2");
  bench.settle();
  port.unplug();
  CHECK(bench.turn_until([&] { return bench.line().lost(); }));
  CHECK(bench.told == Told{"serial|lost|L1"});
  CHECK(bench.line().counts().cut == 1);
  bench.waits.clear();
  CHECK(bench.turn_until([&] { return bench.waits.size() == 3; }));
  CHECK(bench.waits == std::vector<std::int64_t>{1, 2, 4});
  port.plug();
  CHECK(bench.turn_until([&] { return !bench.line().lost(); }));
  LineBench::put(port.device, "3\n4\n");
  bench.settle();
  CHECK(bench.told == Told{"serial|lost|L1", "serial|back|L1"});
  // Of each stream the first row may be half a one.
  REQUIRE(bench.chunks.size() == 2);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring("\r\n1,") && ContainsSubstring(",1\r\n"));
  CHECK_THAT(bench.chunks[1].csv, ContainsSubstring("\r\n2,") && ContainsSubstring(",4\r\n"));
  CHECK(bench.line().counts().rejected == 0);
}

TEST_CASE("what readers of the relay send goes to the port when that is wanted") {
  for (const bool wanted : {false, true}) {
    LineBench bench;
    Port port(bench.root() / "port");
    const std::string address = LineBench::free_address();
    bench.line(port.keys() + "relay: '" + address + "', relay_write: " + (wanted ? "True" : "False"));
    bench.turn();
    const auto reader = LineBench::connect_tcp(address);
    bench.settle();
    LineBench::put(reader, "LED ON\n");
    LineBench::put(port.device, "1\n2\n");
    CHECK(bench.turn_until([&] { return bench.line().counts().rows == 1; }));
    bench.settle();
    ::fcntl(port.device.get(), F_SETFL, O_NONBLOCK);
    CHECK(port.read() == (wanted ? "LED ON\n" : ""));
    CHECK(LineBench::received(reader, 4) == "1\n2\n");
  }
}

TEST_CASE("what is no serial port, or not there, is told with what to do about it") {
  const auto failure = [](const std::string& port) {
    SerialSettings settings;
    settings.port = port;
    try {
      open_serial(settings);
    } catch (const LineError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(failure("/dev/null"), ContainsSubstring("is no serial port"));
  CHECK_THAT(failure("/dev/serial/by-id/none"), ContainsSubstring("is it plugged in?"));
}

TEST_CASE("the settings of a port are checked") {
  const auto wrong = [](const std::string& keys) { return LineBench::problems("type: serial, fields: [a], " + keys); };
  CHECK_THAT(wrong("port: ttyUSB0"), ContainsSubstring("the path of a port is needed"));
  CHECK_THAT(wrong("port: /dev/ttyUSB0, parity: mark"), ContainsSubstring("is not one of none, even, odd"));
  CHECK_THAT(wrong("port: /dev/ttyUSB0, data_bits: 9"), ContainsSubstring("data_bits: 9"));
  CHECK(LineBench::settings("type: serial, port: /dev/ttyUSB0, fields: [a]").skip_first);
}
