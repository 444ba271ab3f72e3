#include "imagenode/line/stream_transport.hpp"

#include <algorithm>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

/// A port that takes no bytes (a device that has stopped us) keeps those of the relay waiting.
constexpr std::size_t kMaxWaiting = 65'536;

}  // namespace

void StreamTransport::open(const std::stop_token& stop, StreamUser& user) {
  channel_.emplace(open_(stop));
  user.stream_begins(++stream_);
}

void StreamTransport::close(StreamUser& user) {
  if (!channel_) return;
  if (const auto waiting = channel_->waiting(); waiting > 0) {
    common::log::warn(common::cat(name_, " had not taken ", waiting, " bytes of readers of the relay, which are lost"));
  }
  channel_.reset();
  user.stream_ends(stream_);
}

void StreamTransport::watch(std::vector<pollfd>& polls) const {
  if (channel_) polls.push_back(channel_->watched());
}

void StreamTransport::work(std::span<const pollfd> news, StreamUser& user) {
  if (!channel_ || news.front().revents == 0) return;
  channel_->flush();
  const auto bytes = channel_->read(buffer_);
  if (!bytes) throw LineError(common::cat(name_, " has been closed at the other end"));
  if (!bytes->empty() && !user.stream_bytes(stream_, *bytes)) {
    throw LineError(common::cat(name_, " is out of step: nobody can tell where its next row begins"));
  }
}

std::size_t StreamTransport::room() const {
  return channel_ ? kMaxWaiting - std::min(channel_->waiting(), kMaxWaiting) : 0;
}

void StreamTransport::write(std::string_view bytes) {
  if (channel_) channel_->write(bytes);
}

}  // namespace imagenode
