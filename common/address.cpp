#include "common/address.hpp"

#include <algorithm>
#include <charconv>

#include "common/text.hpp"

namespace common {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";
constexpr int kHighestPort = 65535;
/// What the kernel allows for the path of a socket.
constexpr std::size_t kLongestPath = 107;

/// A text of an announcement has 255 bytes at most, `network=` included.
constexpr std::size_t kLongestNetwork = 100;

struct Parts {
  std::string_view host;
  std::string_view port;
};

/// Splits at the last colon, so that [::1]:5555 keeps those of its host.
std::optional<Parts> split(std::string_view address) {
  if (!address.starts_with(kTcp)) return std::nullopt;
  address.remove_prefix(kTcp.size());
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos || address.ends_with(']')) return Parts{address, {}};
  return Parts{address.substr(0, colon), address.substr(colon + 1)};
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_host(std::string_view host, AddressUse use) {
  if (host == "*") return use == AddressUse::bind;
  if (host.starts_with('[') && host.ends_with(']')) return host.size() > 2;
  return !host.empty() && std::none_of(host.begin(), host.end(), [](unsigned char c) {
    return c <= ' ' || c == 0x7f || c == ':' || c == '/' || c == '*' || c == '[' || c == ']';
  });
}

bool is_port(std::string_view text, AddressUse use) {
  if (text == "*") return use == AddressUse::bind;
  const auto port = number(text);
  return port && *port >= (use == AddressUse::bind ? 0 : 1) && *port <= kHighestPort;
}

}  // namespace

std::optional<std::string> address_problem(std::string_view address, AddressUse use) {
  const std::string example = use == AddressUse::bind ? "tcp://*:5555" : "tcp://192.168.1.10:5555";
  const auto wrong = [&](std::string_view what) {
    return cat(escaped(address), ' ', what, "; an address is such as ", example);
  };
  if (address.starts_with(kIpc)) {
    const std::size_t length = address.size() - kIpc.size();
    if (length == 0) return wrong("names no file");
    if (length > kLongestPath) return wrong(cat("has a path of more than ", kLongestPath, " bytes"));
    return std::nullopt;
  }
  const auto parts = split(address);
  if (!parts) return wrong("does not begin with tcp:// or ipc://");
  if (!is_host(parts->host, use)) return wrong("has no host that can be used here");
  if (parts->port.empty()) return wrong("has no port");
  if (!is_port(parts->port, use)) return wrong(cat("has no port from 1 to ", kHighestPort));
  return std::nullopt;
}

std::optional<TcpAddress> tcp_address(std::string_view address) {
  const auto parts = split(address);
  if (!parts) return std::nullopt;
  return TcpAddress{std::string(parts->host), number(parts->port).value_or(0)};
}

std::optional<std::string> network_name_problem(std::string_view name) {
  const bool printable = std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (name.size() <= kLongestNetwork && printable) return std::nullopt;
  return cat("a network has a name of at most ", kLongestNetwork, " bytes without control characters");
}

}  // namespace common
