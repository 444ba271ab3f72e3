#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/payload.hpp"

/// File work with the durability that the delivery contract needs. Failures throw std::system_error
/// whose text names the path. All functions are thread-safe.
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

/// Creates (or replaces) the file and, when `sync`, returns only after its bytes are on the disk.
/// A file that could not be written whole is removed.
void write_file(const std::filesystem::path& path, ByteView bytes, bool sync);

/// The same in two steps, so that several files go to the disk together: creates and writes the file and has the disk
/// begin; the bytes are safe once sync_file() returned.
UniqueFd begin_file(const std::filesystem::path& path, ByteView bytes);
void sync_file(const UniqueFd& file, const std::filesystem::path& path);

/// Makes names that were created, renamed or removed in this folder durable.
void sync_folder(const std::filesystem::path& folder);

/// Creates the folder and its missing parents and makes them durable.
void make_folder(const std::filesystem::path& folder);

/// rename(2), but never onto an existing file: false when `to` exists.
bool rename_if_free(const std::filesystem::path& from, const std::filesystem::path& to);

std::string read_text_file(const std::filesystem::path& path);

/// Takes an exclusive lock on the file (created when missing) and writes our pid into it; held until the result is
/// destroyed, or the process ends in any way. Throws LockedError when another process holds it.
struct LockedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
UniqueFd lock_file(const std::filesystem::path& path, std::string_view what);

/// Raises the soft limit of open descriptors to the hard one; returns the limit.
std::uint64_t raise_descriptor_limit();

}  // namespace common
