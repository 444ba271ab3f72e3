// unix: a socket of this computer to which its programs connect.

#include "imagenode/line/listen_transport.hpp"
#include "imagenode/line/registry.hpp"
#include "imagenode/line/sockets.hpp"

namespace imagenode {
namespace {

TransportKind read_settings(common::Section& section) {
  std::string path;
  section.read("path", path);
  if (!path.starts_with('/'))
    section.problem("path", "the whole path of a socket is needed, such as /run/imagenode/feed");
  TransportKind kind;
  kind.make = [path](const LineSeams&) {
    return std::make_unique<ListenTransport>([path] { return listen_unix(path); });
  };
  return kind;
}

const RegisterTransport registered("unix", read_settings);

}  // namespace
}  // namespace imagenode
