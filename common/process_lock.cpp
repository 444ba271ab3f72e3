#include "common/process_lock.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

#include "common/sha256.hpp"
#include "common/text.hpp"

namespace common {
namespace {

/// The first byte of an abstract name stays zero: it is not in the file system.
constexpr std::size_t kLongestName = sizeof(sockaddr_un::sun_path) - 1;

/// Names that differ stay different when they are too long for a socket.
std::string fitting(const std::string& name) {
  if (name.size() <= kLongestName) return name;
  const std::string digest = sha256(ByteView(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
  return name.substr(0, kLongestName - digest.size()) + digest;
}

/// The process that listens on the name.
std::string holder(const sockaddr_un& address, socklen_t size) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ucred peer{};
  socklen_t peer_size = sizeof peer;
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) {
    return "another process";
  }
  return cat("process ", peer.pid);
}

}  // namespace

ProcessLock::ProcessLock(const std::string& name, const std::string& what)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string fit = fitting(name);
  std::copy(fit.begin(), fit.end(), address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + fit.size());
  if (!socket_ || ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    if (errno != EADDRINUSE) throw std::system_error(errno, std::generic_category(), "cannot lock " + what);
    throw LockedError(cat(what, " is in use by ", holder(address, size)));
  }
  ::listen(socket_.get(), 1);
}

}  // namespace common
