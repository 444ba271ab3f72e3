#include "common/files.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "common/text.hpp"

namespace common {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), cat(action, ' ', path.string()));
}

void write_all(int fd, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("cannot write", path);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
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

UniqueFd begin_file(const fs::path& path, ByteView bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) fail("cannot create", path);
  try {
    write_all(fd.get(), bytes, path);
  } catch (const std::system_error&) {
    ::unlink(path.c_str());
    throw;
  }
  // Only a hint: a file system that cannot do this writes at the sync.
  (void)::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  return fd;
}

void sync_file(const UniqueFd& file, const fs::path& path) {
  if (::fdatasync(file.get()) == 0) return;
  const int error = errno;
  ::unlink(path.c_str());
  errno = error;
  fail("cannot sync", path);
}

void write_file(const fs::path& path, ByteView bytes, bool sync) {
  const UniqueFd file = begin_file(path, bytes);
  if (sync) sync_file(file, path);
}

void sync_folder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail("cannot open folder", folder);
  if (::fsync(fd.get()) != 0) fail("cannot sync folder", folder);
}

void make_folder(const fs::path& folder) {
  if (folder.empty() || fs::is_directory(folder)) return;
  make_folder(folder.parent_path());
  // Another thread may have made it in between; a file of that name is no folder.
  if (::mkdir(folder.c_str(), 0755) != 0 && !(errno == EEXIST && fs::is_directory(folder))) {
    fail("cannot create folder", folder);
  }
  if (!folder.parent_path().empty()) sync_folder(folder.parent_path());
}

bool rename_if_free(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) fail("cannot rename to", to);
  // A file system without RENAME_NOREPLACE (NFS): only this program creates names here, so looking first will do.
  if (fs::exists(to)) return false;
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename to", to);
  return true;
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
  const std::string pid = cat(static_cast<long>(::getpid()), '\n');
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) fail("cannot write", path);
  return fd;
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
