#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// Descriptors and locks of this process. What is kept on the disk goes through common/file_system.hpp. Failures throw
/// std::system_error. All functions are thread-safe.
namespace common {

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// An eventfd: lets a thread that polls be woken by another one.
class WakeUp {
 public:
  WakeUp();
  void signal() const;
  void clear() const;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

/// A whole file that people write, such as settings; pipes too.
std::string read_text_file(const std::filesystem::path& path);

/// Takes an exclusive lock on the file (created when missing) and writes our pid into it; held until the result is
/// destroyed, or the process ends in any way. Throws LockedError when another process holds it.
struct LockedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
UniqueFd lock_file(const std::filesystem::path& path, std::string_view what);
/// Whether a process holds that lock now; leaves it as it is.
bool is_locked(const std::filesystem::path& path);

/// Raises the soft limit of open descriptors to the hard one; returns the limit.
std::uint64_t raise_descriptor_limit();

}  // namespace common
