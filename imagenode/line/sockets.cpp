#include "imagenode/line/sockets.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "common/address.hpp"
#include "common/text.hpp"
#include "imagenode/line/transport.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::UniqueFd;

constexpr int kBacklog = 64;
constexpr int kConnectMs = 10'000;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolved(const std::string& address, bool to_listen) {
  auto [host, port] = common::tcp_address(address).value_or(common::TcpAddress{});
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = host == "*" ? AF_INET : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = to_listen ? AI_PASSIVE : 0;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host == "*" ? nullptr : host.c_str(), cat(port).c_str(), &hints, &list);
  if (error != 0) throw LineError(cat(address, ": ", ::gai_strerror(error)));
  return Addresses(list);
}

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

/// A device that loses its supply says nothing; after about a minute its connection counts as ended.
void keep_alive(int fd) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    throw LineError(cat(path.string(), " is longer than the path of a socket may be"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

const sockaddr* plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Whether somebody listens there.
bool is_answered(const sockaddr_un& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), plain(address), sizeof address) == 0 || errno == EAGAIN;
}

/// The error with which a connection that was begun has ended; 0: it stands.
int outcome(int fd, const std::stop_token& stop) {
  const common::WakeUp wake;
  const std::stop_callback on_stop(stop, [&wake] { wake.signal(); });
  std::array<pollfd, 2> waiting{{{fd, POLLOUT, 0}, {wake.fd(), POLLIN, 0}}};
  if (::poll(waiting.data(), waiting.size(), kConnectMs) <= 0) return ETIMEDOUT;
  if (waiting[0].revents == 0) return ECANCELED;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

UniqueFd listen_tcp(const std::string& address) {
  const Addresses list = resolved(address, true);
  UniqueFd fd(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) fail("cannot make a socket");
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd.get(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    fail(cat("cannot listen on ", address));
  }
  return fd;
}

UniqueFd listen_unix(const std::filesystem::path& path) {
  const sockaddr_un address = unix_address(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) fail("cannot make a socket");
  if (is_answered(address)) throw LineError(cat("another program listens on ", path.string()));
  struct stat state {};
  if (::lstat(path.c_str(), &state) == 0 && S_ISSOCK(state.st_mode)) ::unlink(path.c_str());
  if (::bind(fd.get(), plain(address), sizeof address) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    fail(cat("cannot listen on ", path.string()));
  }
  ::chmod(path.c_str(), 0660);  // our user and group may connect
  return fd;
}

UniqueFd connect_tcp(const std::string& address, const std::stop_token& stop) {
  const Addresses list = resolved(address, false);
  int error = 0;
  for (const addrinfo* at = list.get(); at != nullptr && !stop.stop_requested(); at = at->ai_next) {
    UniqueFd fd(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail("cannot make a socket");
    error = ::connect(fd.get(), at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = outcome(fd.get(), stop);
    if (error != 0) continue;
    keep_alive(fd.get());
    return fd;
  }
  throw std::system_error(error, std::generic_category(), cat("cannot connect to ", address));
}

UniqueFd accept_one(int socket) {
  UniqueFd fd(::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd) {
    keep_alive(fd.get());
    return fd;
  }
  // Somebody who has gone again already is no failure of the socket.
  if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) fail("cannot take a connection");
  return {};
}

}  // namespace imagenode
