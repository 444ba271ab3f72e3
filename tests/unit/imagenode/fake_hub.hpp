#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "catch.hpp"
#include "common/files.hpp"
#include "common/wire.hpp"

inline constexpr std::chrono::milliseconds kLong{10'000};
inline constexpr std::chrono::milliseconds kShort{300};

/// The other end, played by the test: sees each request and decides the reply.
class FakeHub {
 public:
  struct Request {
    std::string peer;
    common::Message message;
    std::uint64_t seq() const { return message.seq.value_or(0); }
  };

  explicit FakeHub(const std::string& address = "tcp://127.0.0.1:*") { bind(address); }

  void bind(const std::string& address) {
    socket_ = zmq::socket_t(context_, zmq::socket_type::router);
    socket_.set(zmq::sockopt::linger, 0);
    // The port of a hub that was just closed is free a moment later.
    for (;;) {
      try {
        socket_.bind(address);
        break;
      } catch (const zmq::error_t& error) {
        if (error.num() != EADDRINUSE) throw;
        std::this_thread::yield();
      }
    }
    address_ = socket_.get(zmq::sockopt::last_endpoint);
  }
  /// On return nobody listens there any more, which libzmq's own close does not wait for.
  void close() {
    socket_.close();
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (somebody_listens() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
  const std::string& address() const { return address_; }

  std::optional<Request> receive(std::chrono::milliseconds timeout = kLong) {
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(timeout.count()));
    zmq::message_t peer, empty, metadata, payload;
    if (!socket_.recv(peer)) return std::nullopt;
    (void)socket_.recv(empty);
    (void)socket_.recv(metadata);
    (void)socket_.recv(payload);
    auto decoded = common::decode_message(
        metadata.to_string_view(),
        common::Payload(common::Bytes(payload.data<std::uint8_t>(), payload.data<std::uint8_t>() + payload.size())));
    return Request{peer.to_string(), std::get<common::Message>(decoded)};
  }

  void reply(const Request& request, const std::string& text) {
    socket_.send(zmq::buffer(request.peer), zmq::send_flags::sndmore);
    socket_.send(zmq::message_t(), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(text), zmq::send_flags::none);
  }

  /// Takes the opening keep-alive and says what kind of hub this is.
  void greet(const std::string& text = "OK imagehub/1.0.0 test") {
    const auto opening = receive();
    REQUIRE(opening);
    REQUIRE(opening->message.text == "Barn|Heartbeat");
    reply(*opening, text);
  }

  /// The next message with a number; keep-alives on the way are answered.
  std::optional<Request> next(std::chrono::milliseconds timeout = kLong) {
    while (auto request = receive(timeout)) {
      if (request->seq() != 0) return request;
      reply(*request, "OK imagehub/1.0.0 test");
    }
    return std::nullopt;
  }

 private:
  bool somebody_listens() const {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address_.substr(address_.rfind(':') + 1))));
    const common::UniqueFd probe(::socket(AF_INET, SOCK_STREAM, 0));
    const int reuse = 1;
    setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0;
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string address_;
};
