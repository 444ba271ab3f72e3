#include "common/files.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/text.hpp"

namespace common {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), cat(action, ' ', path.string()));
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

WakeUp::WakeUp() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void WakeUp::signal() const {
  const std::uint64_t one = 1;
  // The only failure is a full counter, and then the reader is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void WakeUp::clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(fd_.get(), &count, sizeof count);
}

std::string read_text_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("cannot read", path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

UniqueFd lock_file(const fs::path& path, std::string_view what) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) fail("cannot open lock file", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("cannot lock", path);
    std::array<char, 32> pid{};
    [[maybe_unused]] const ssize_t taken = ::pread(fd.get(), pid.data(), pid.size() - 1, 0);
    throw LockedError(cat(what, " is in use by process ", trimmed(pid.data()), " (lock ", path.string(), ")"));
  }
  // Written over what is there: on a full disk that still works. Without the number the lock holds as well.
  const std::string pid = cat(static_cast<long>(::getpid()), '\n');
  const ssize_t written = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
  if (written < 0 && errno != ENOSPC) fail("cannot write", path);
  if (::ftruncate(fd.get(), std::max<ssize_t>(written, 0)) != 0) fail("cannot write", path);
  return fd;
}

bool is_locked(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // A shared lock for a moment: other lookers do not mind it.
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace common
