// stdin: what another program pipes into this one. When it has ended it does not begin again.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "imagenode/line/registry.hpp"
#include "imagenode/line/stream_transport.hpp"

namespace imagenode {
namespace {

TransportKind read_settings(common::Section&) {
  TransportKind kind;
  kind.writable = false;
  kind.make = [](const LineSeams&) {
    return std::make_unique<StreamTransport>("standard input", [ended = false](const std::stop_token&) mutable {
      if (ended) throw LineError("standard input has ended");
      ended = true;
      common::UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
      if (!fd) throw std::system_error(errno, std::generic_category(), "standard input");
      return fd;
    });
  };
  return kind;
}

const RegisterTransport registered("stdin", read_settings);

}  // namespace
}  // namespace imagenode
