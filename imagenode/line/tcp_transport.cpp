// tcp: a connection to a device (`connect`), or connections of programs and devices to us (`listen`).

#include "common/address.hpp"
#include "common/text.hpp"
#include "imagenode/line/listen_transport.hpp"
#include "imagenode/line/registry.hpp"
#include "imagenode/line/sockets.hpp"
#include "imagenode/line/stream_transport.hpp"

namespace imagenode {
namespace {

std::string read_address(common::Section& section, const char* key, common::AddressUse use) {
  std::string address;
  section.read(key, address);
  if (address.empty()) return address;
  const auto wrong = common::address_problem(address, use);
  if (wrong || !common::tcp_address(address)) {
    section.problem(key, wrong.value_or(common::cat(common::escaped(address), " does not begin with tcp://")));
  }
  return address;
}

TransportKind read_settings(common::Section& section) {
  const std::string connect = read_address(section, "connect", common::AddressUse::connect);
  const std::string listen = read_address(section, "listen", common::AddressUse::bind);
  if (connect.empty() == listen.empty()) {
    section.problem("type", "tcp needs one of connect: tcp://192.168.1.20:4001 and listen: tcp://*:7000");
  }
  TransportKind kind;
  if (!listen.empty()) {
    kind.make = [listen](const LineSeams&) {
      return std::make_unique<ListenTransport>([listen] { return listen_tcp(listen); });
    };
    return kind;
  }
  kind.make = [connect](const LineSeams&) {
    return std::make_unique<StreamTransport>(
        connect, [connect](const std::stop_token& stop) { return connect_tcp(connect, stop); });
  };
  return kind;
}

const RegisterTransport registered("tcp", read_settings);

}  // namespace
}  // namespace imagenode
