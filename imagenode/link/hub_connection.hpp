#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/message.hpp"
#include "common/reply.hpp"

namespace imagenode {

/// One connection to one hub: a DEALER that speaks imagezmq's REQ form, and the news whether it is still up.
/// Bound to the link's thread. It is used once: libzmq does not connect again, neither when nobody is there nor when
/// the connection broke, so nothing that an old one still holds can reach a hub behind the link's back.
class HubConnection {
 public:
  /// Throws std::runtime_error when the address is not one that ZeroMQ knows.
  explicit HubConnection(const std::string& address);
  ~HubConnection();
  HubConnection(const HubConnection&) = delete;
  HubConnection& operator=(const HubConnection&) = delete;

  /// Never blocks. The bytes that go out; nothing when the connection takes no more. `age_us`: time since capture, when
  /// it is known.
  std::optional<std::size_t> send(const common::Message& message, std::optional<std::int64_t> age_us);

  std::optional<common::Reply> receive();

  /// Waits until a reply, the loss of the connection, the same on `other`, or readability of `wake_fd`. -1 waits for
  /// ever.
  void wait(int wake_fd, std::int64_t timeout_ns, HubConnection* other = nullptr);

  enum class State {
    connecting,
    up,
    refused,  ///< it was never there, and will not be
    broken    ///< it was there, and will not be again
  };
  State state();
  bool broken() { return state() == State::broken; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagenode
