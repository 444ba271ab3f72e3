#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How hubs are reached, as settings tell it: ZeroMQ's tcp://host:port and ipc://path, and names of networks.
/// Thread-safe.
namespace common {

/// What an address is for: a hub binds, a node connects.
enum class AddressUse {
  bind,    ///< the host may be * and the port * or 0 (any that is free)
  connect  ///< a host and a port from 1 to 65535
};

/// What is wrong with the address and what it should be like; nothing when it is good. Whether its host exists is not
/// asked.
std::optional<std::string> address_problem(std::string_view address, AddressUse use);

/// Host and port of a tcp:// address; nothing for any other one.
struct TcpAddress {
  std::string host;
  int port = 0;
};
std::optional<TcpAddress> tcp_address(std::string_view address);

/// What is wrong with the name of a network that hubs announce and nodes look for; nothing when it is good. An empty
/// one is: no network.
std::optional<std::string> network_name_problem(std::string_view name);

}  // namespace common
