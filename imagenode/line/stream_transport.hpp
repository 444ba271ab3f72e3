#pragma once

#include <functional>
#include <optional>

#include "imagenode/line/channel.hpp"
#include "imagenode/line/transport.hpp"

namespace imagenode {

/// A transport with one stream: a port, a connection that we make, standard input.
class StreamTransport final : public LineTransport {
 public:
  /// Throws when it cannot be opened.
  using Open = std::function<common::UniqueFd(const std::stop_token& stop)>;

  /// `name` says in messages what it is.
  StreamTransport(std::string name, Open open) : name_(std::move(name)), open_(std::move(open)) {}

  void open(const std::stop_token& stop, StreamUser& user) override;
  void close(StreamUser& user) override;
  bool has_stream() const override { return channel_.has_value(); }
  void watch(std::vector<pollfd>& polls) const override;
  void work(std::span<const pollfd> news, StreamUser& user) override;
  std::size_t room() const override;
  void write(std::string_view bytes) override;

 private:
  const std::string name_;
  const Open open_;
  std::optional<Channel> channel_;
  int stream_ = 0;
  std::string buffer_;
};

}  // namespace imagenode
