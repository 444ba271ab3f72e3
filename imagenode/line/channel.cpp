#include "imagenode/line/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace imagenode {
namespace {

/// Nothing now, ask again: no failure.
bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Channel::Channel(common::UniqueFd fd) : fd_(std::move(fd)) {
  struct stat state {};
  is_socket_ = ::fstat(fd_.get(), &state) == 0 && S_ISSOCK(state.st_mode);
  ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
}

pollfd Channel::watched() const {
  return {fd_.get(), static_cast<short>(POLLIN | (waiting_.empty() ? 0 : POLLOUT)), 0};
}

std::optional<std::string_view> Channel::read(std::string& buffer, std::size_t limit) const {
  buffer.resize(kMaxRead);
  const ssize_t count = ::read(fd_.get(), buffer.data(), std::min(limit, kMaxRead));
  if (count == 0) return std::nullopt;
  if (count > 0) return std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
  if (is_passing(errno)) return std::string_view();
  throw std::system_error(errno, std::generic_category(), "cannot read");
}

void Channel::write(std::string_view bytes) {
  const bool others_wait = !waiting_.empty();
  waiting_ += bytes;  // also when writing fails: who closes this tells what is lost
  if (!others_wait) flush();
}

void Channel::flush() {
  if (!waiting_.empty()) waiting_.erase(0, write_some(waiting_));
}

std::size_t Channel::write_some(std::string_view bytes) const {
  const ssize_t count = is_socket_ ? ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                   : ::write(fd_.get(), bytes.data(), bytes.size());
  if (count >= 0) return static_cast<std::size_t>(count);
  if (is_passing(errno)) return 0;
  throw std::system_error(errno, std::generic_category(), "cannot write");
}

}  // namespace imagenode
