#include "imagenode/line/relay.hpp"

#include <iterator>
#include <system_error>

#include "imagenode/line/sockets.hpp"

namespace imagenode {

void Relay::open() {
  socket_ = listen_tcp(settings_.address);
}

void Relay::watch(std::vector<pollfd>& polls, std::size_t room) const {
  if (!socket_) return;
  polls.push_back({socket_.get(), POLLIN, 0});
  for (const Reader& reader : readers_) {
    polls.push_back(reader.channel.watched());
    // While the line takes nothing, what readers send waits on their side.
    if (!reader.sends || (settings_.write && room == 0)) polls.back().events &= ~POLLIN;
  }
}

std::string Relay::work(std::span<const pollfd> news, std::size_t room) {
  std::string back;
  if (!socket_) return back;
  auto at = news.begin() + 1;
  for (auto reader = readers_.begin(); reader != readers_.end(); ++at) {
    const bool stays = !reader->gone && (at->revents == 0 || serve(*reader, at->revents, back, room - back.size()));
    reader = stays ? std::next(reader) : readers_.erase(reader);
  }
  if (news.front().revents == 0) return back;
  try {
    while (auto accepted = accept_one(socket_.get())) readers_.push_back({Channel(std::move(accepted))});
  } catch (...) {
    socket_ = {};
    readers_.clear();
    throw;
  }
  return back;
}

/// False when the reader has gone.
bool Relay::serve(Reader& reader, short news, std::string& back, std::size_t room) {
  try {
    reader.channel.flush();
    if (reader.sends && (room > 0 || !settings_.write)) {
      const auto bytes = reader.channel.read(buffer_, settings_.write ? room : Channel::kMaxRead);
      reader.sends = bytes.has_value();
      if (bytes && settings_.write) back += *bytes;
    }
    return (news & (POLLHUP | POLLERR)) == 0;
  } catch (const std::system_error&) {
    return false;
  }
}

void Relay::give(std::string_view bytes) {
  for (Reader& reader : readers_) {
    if (reader.gone) continue;
    try {
      reader.channel.write(bytes);
      reader.gone = reader.channel.waiting() > kMaxBehind;
      if (reader.gone) ++dropped_;
    } catch (const std::system_error&) {
      reader.gone = true;
    }
  }
}

}  // namespace imagenode
