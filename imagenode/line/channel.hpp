#pragma once

#include <poll.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/files.hpp"

namespace imagenode {

/// A descriptor from which bytes come and to which bytes go, without ever blocking. What the kernel does not take at
/// once waits, for as long as the user lets it grow. Failures throw std::system_error. Bound to a thread.
class Channel {
 public:
  explicit Channel(common::UniqueFd fd);

  int fd() const { return fd_.get(); }
  pollfd watched() const;

  /// What is there, at most `limit` bytes, in `buffer`; empty when nothing is; nothing at the end of the stream.
  std::optional<std::string_view> read(std::string& buffer, std::size_t limit = kMaxRead) const;
  static constexpr std::size_t kMaxRead = 65'536;

  void write(std::string_view bytes);
  /// Writes what waits, as far as the kernel takes it.
  void flush();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::size_t write_some(std::string_view bytes) const;

  common::UniqueFd fd_;
  bool is_socket_ = false;
  std::string waiting_;
};

}  // namespace imagenode
