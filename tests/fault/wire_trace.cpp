// Loaded into a node beside ZeroMQ (LD_PRELOAD): appends to the file that WIRE_TRACE names what the node sends and what
// it is answered, a line each, so that who plays a fault can tell what was in flight at that moment. It changes nothing
// of what is sent. Lines: process id, socket, then `connect <address>`, `sent <metadata>`, `reply <text>` or `close`.
// What was written stays when the process is killed. Thread-safe where ZeroMQ is.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
#include <zmq.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace {

std::mutex mutex;

/// The metadata that a socket was given, until the payload behind it has been taken too.
std::map<void*, std::string>& begun() {
  static std::map<void*, std::string> all;
  return all;
}

void note(void* socket, const char* what, const std::string& text = {}) {
  static const int file = [] {
    const char* path = std::getenv("WIRE_TRACE");
    return path == nullptr ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }();
  std::string line = std::to_string(getpid()) + '\t' + std::to_string(reinterpret_cast<std::uintptr_t>(socket)) + '\t' +
                     what + '\t' + text + '\n';
  // One call a line, so that a reader never sees lines of two threads mixed.
  if (file >= 0 && write(file, line.data(), line.size()) < 0) std::abort();
}

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int zmq_connect(void* socket, const char* address) {
  static auto* const call = real<decltype(zmq_connect)>("zmq_connect");
  note(socket, "connect", address);
  return call(socket, address);
}

int zmq_close(void* socket) {
  static auto* const call = real<decltype(zmq_close)>("zmq_close");
  note(socket, "close");
  return call(socket);
}

/// Frames that ZeroMQ copies: the metadata.
int zmq_send(void* socket, const void* data, std::size_t size, int flags) {
  static auto* const call = real<decltype(zmq_send)>("zmq_send");
  const int taken = call(socket, data, size, flags);
  if (taken >= 0) {
    const std::lock_guard lock(mutex);
    begun()[socket].assign(static_cast<const char*>(data), size);
  }
  return taken;
}

/// Frames of their own: the empty one in front, and the payload, with which a message is complete.
int zmq_msg_send(zmq_msg_t* frame, void* socket, int flags) {
  static auto* const call = real<decltype(zmq_msg_send)>("zmq_msg_send");
  const int taken = call(frame, socket, flags);
  if (taken >= 0 && (flags & ZMQ_SNDMORE) == 0) {
    const std::lock_guard lock(mutex);
    note(socket, "sent", begun()[socket]);
    begun().erase(socket);
  }
  return taken;
}

int zmq_msg_recv(zmq_msg_t* frame, void* socket, int flags) {
  static auto* const call = real<decltype(zmq_msg_recv)>("zmq_msg_recv");
  const int size = call(frame, socket, flags);
  // The last frame is the reply. Those of the socket that tells of connections are none, and are not text.
  if (size > 0 && zmq_msg_more(frame) == 0) {
    std::string text(static_cast<const char*>(zmq_msg_data(frame)), static_cast<std::size_t>(size));
    for (char& c : text) c = c < ' ' ? '?' : c;
    note(socket, "reply", text);
  }
  return size;
}

}  // extern "C"
