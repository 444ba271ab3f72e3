// serial: a port of the kernel, by path or by /dev/serial/by-id.

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"
#include "imagenode/line/serial_port.hpp"
#include "imagenode/line/stream_transport.hpp"

namespace imagenode {
namespace {

TransportKind read_settings(common::Section& section) {
  SerialSettings settings;
  section.read("port", settings.port);
  if (!settings.port.starts_with('/')) {
    section.problem("port", "the path of a port is needed, such as /dev/ttyUSB0 or /dev/serial/by-id/usb-Arduino-if00");
  }
  section.read("baud", settings.baud, {50, 20'000'000});
  section.read("data_bits", settings.data_bits, {5, 8});
  section.read_choice("parity", {"none", "even", "odd"}, settings.parity);
  section.read("stop_bits", settings.stop_bits, {1, 2});
  section.read_choice("flow_control", {"none", "rtscts", "xonxoff"}, settings.flow_control);
  TransportKind kind;
  // A device goes on sending while nobody reads.
  kind.begins_inside = true;
  kind.make = [settings](const LineSeams&) {
    return std::make_unique<StreamTransport>(settings.port,
                                             [settings](const std::stop_token&) { return open_serial(settings); });
  };
  return kind;
}

const RegisterTransport registered("serial", read_settings);

}  // namespace
}  // namespace imagenode
