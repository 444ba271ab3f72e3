#include "imagenode/line/listen_transport.hpp"

#include <algorithm>
#include <system_error>

#include "common/log.hpp"
#include "common/text.hpp"
#include "imagenode/line/sockets.hpp"

namespace imagenode {
namespace {

constexpr std::size_t kMaxWaiting = 65'536;

}  // namespace

void ListenTransport::open(const std::stop_token&, StreamUser&) {
  socket_ = listen_();
}

void ListenTransport::close(StreamUser& user) {
  socket_ = {};
  for (const auto& [stream, peer] : peers_) user.stream_ends(stream);
  peers_.clear();
}

void ListenTransport::watch(std::vector<pollfd>& polls) const {
  if (!socket_) return;
  polls.push_back({socket_.get(), POLLIN, 0});
  for (const auto& [stream, peer] : peers_) polls.push_back(peer.watched());
}

void ListenTransport::warn_of_lost(const Channel& peer) {
  if (peer.waiting() == 0) return;
  common::log::warn(common::cat("a sender that has gone had not taken ", peer.waiting(),
                                " bytes of readers of the relay, which are lost"));
}

void ListenTransport::work(std::span<const pollfd> news, StreamUser& user) {
  if (!socket_) return;
  // In the order in which watch() added them.
  auto at = news.begin() + 1;
  for (auto peer = peers_.begin(); peer != peers_.end(); ++at) {
    if (at->revents == 0 || serve(peer->first, peer->second, user)) {
      ++peer;
      continue;
    }
    user.stream_ends(peer->first);
    warn_of_lost(peer->second);
    peer = peers_.erase(peer);
  }
  if (news.front().revents == 0) return;
  while (auto accepted = accept_one(socket_.get())) {
    peers_.emplace(++last_stream_, Channel(std::move(accepted)));
    user.stream_begins(last_stream_);
  }
}

bool ListenTransport::serve(int stream, Channel& peer, StreamUser& user) {
  try {
    peer.flush();
    const auto bytes = peer.read(buffer_);
    return bytes && (bytes->empty() || user.stream_bytes(stream, *bytes));
  } catch (const std::system_error&) {
    // It has gone without a word, which is its own affair.
    return false;
  }
}

std::size_t ListenTransport::room() const {
  std::size_t room = peers_.empty() ? 0 : kMaxWaiting;
  for (const auto& [stream, peer] : peers_) room = std::min(room, kMaxWaiting - std::min(peer.waiting(), kMaxWaiting));
  return room;
}

void ListenTransport::write(std::string_view bytes) {
  for (auto& [stream, peer] : peers_) {
    try {
      peer.write(bytes);
    } catch (const std::system_error&) {
      // Its end is seen when it is read.
    }
  }
}

}  // namespace imagenode
