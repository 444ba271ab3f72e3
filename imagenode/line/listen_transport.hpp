#pragma once

#include <functional>
#include <map>

#include "imagenode/line/channel.hpp"
#include "imagenode/line/transport.hpp"

namespace imagenode {

/// A transport to which any number of programs connect; each connection is a stream.
class ListenTransport final : public LineTransport {
 public:
  /// A listening socket; throws when there can be none.
  using Listen = std::function<common::UniqueFd()>;

  explicit ListenTransport(Listen listen) : listen_(std::move(listen)) {}

  void open(const std::stop_token& stop, StreamUser& user) override;
  void close(StreamUser& user) override;
  bool has_stream() const override { return !peers_.empty(); }
  void watch(std::vector<pollfd>& polls) const override;
  void work(std::span<const pollfd> news, StreamUser& user) override;
  std::size_t room() const override;
  /// To everybody who is connected.
  void write(std::string_view bytes) override;

 private:
  /// False when the connection has ended.
  bool serve(int stream, Channel& peer, StreamUser& user);
  static void warn_of_lost(const Channel& peer);

  const Listen listen_;
  common::UniqueFd socket_;
  std::map<int, Channel> peers_;
  int last_stream_ = 0;
  std::string buffer_;
};

}  // namespace imagenode
