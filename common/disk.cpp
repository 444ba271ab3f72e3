#include "common/disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/text.hpp"

namespace common {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), cat(action, ' ', path.string()));
}

/// Repeats a call that a signal interrupted.
template <typename Call>
ssize_t uninterrupted(Call call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class DiskFile final : public OpenFile {
 public:
  DiskFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
    std::size_t count = 0;
    while (count < into.size()) {
      const ssize_t taken = uninterrupted([&] {
        return ::pread(fd_.get(), into.data() + count, into.size() - count, static_cast<off_t>(offset + count));
      });
      if (taken < 0) fail("cannot read", path_);
      if (taken == 0) break;
      count += static_cast<std::size_t>(taken);
    }
    return count;
  }

  void write(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written < 0) fail("cannot write", path_);
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  Appended append(ByteView bytes) override {
    if (bytes.empty()) return {size(), 0};
    const iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    // Offset -1 moves the file's own position, which tells afterwards where the bytes came to lie.
    const ssize_t written = uninterrupted([&] { return ::pwritev2(fd_.get(), &piece, 1, -1, RWF_APPEND); });
    const off_t end = written < 0 ? -1 : ::lseek(fd_.get(), 0, SEEK_CUR);
    if (end < 0) fail("cannot append to", path_);
    return {static_cast<std::uint64_t>(end - written), static_cast<std::size_t>(written)};
  }

  std::uint64_t size() override { return static_cast<std::uint64_t>(state().st_size); }

  Identity identity() override {
    const struct stat now = state();
    return {now.st_dev, now.st_ino};
  }

  void resize(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("cannot resize", path_);
  }

  void allocate(std::uint64_t size) override {
    if (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) != 0) fail("cannot take room for", path_);
  }

  void begin_sync() override {
    // A file system that cannot do this writes at the sync.
    (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  }

  void sync() override {
    if (::fdatasync(fd_.get()) != 0) fail("cannot sync", path_);
  }

 private:
  struct stat state() const {
    struct stat now {};
    if (::fstat(fd_.get(), &now) != 0) fail("cannot look at", path_);
    return now;
  }

  UniqueFd fd_;
  fs::path path_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::change:
      return O_RDWR;
    case OpenMode::create:
      return O_RDWR | O_CREAT;
    case OpenMode::replace:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

}  // namespace

OpenFilePtr Disk::open(const Path& path, OpenMode mode) {
  UniqueFd fd(::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0644));
  if (!fd) fail("cannot open", path);
  return std::make_unique<DiskFile>(std::move(fd), path);
}

std::optional<FileInfo> Disk::info(const Path& path) {
  struct stat state {};
  if (::stat(path.c_str(), &state) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail("cannot look at", path);
  }
  return FileInfo{S_ISDIR(state.st_mode), static_cast<std::uint64_t>(state.st_size),
                  state.st_mtim.tv_sec * kSecond + state.st_mtim.tv_nsec};
}

std::vector<std::string> Disk::list(const Path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
  if (!stream) fail("cannot list", folder);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) fail("cannot list", folder);
  return names;
}

bool Disk::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  fail("cannot remove", path);
}

void Disk::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename to", to);
}

bool Disk::rename_if_free(const Path& from, const Path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) fail("cannot rename to", to);
  // A file system without RENAME_NOREPLACE (NFS): only this program creates names here, so looking first will do.
  if (info(to)) return false;
  rename(from, to);
  return true;
}

bool Disk::make_folder(const Path& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0) return true;
  // Another thread may have made it in between; a file of that name is no folder.
  if (errno == EEXIST && is_folder(*this, folder)) return false;
  errno = errno == 0 ? ENOTDIR : errno;
  fail("cannot create folder", folder);
}

bool Disk::remove_folder(const Path& folder) {
  if (::rmdir(folder.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) return false;
  fail("cannot remove folder", folder);
}

void Disk::sync_folder(const Path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail("cannot open folder", folder);
  if (::fsync(fd.get()) != 0) fail("cannot sync folder", folder);
}

Space Disk::space(const Path& path) {
  struct statvfs state {};
  struct stat place {};
  if (::statvfs(path.c_str(), &state) != 0 || ::stat(path.c_str(), &place) != 0) {
    fail("cannot look at the disk of", path);
  }
  return {state.f_blocks * state.f_frsize, state.f_bavail * state.f_frsize, place.st_dev};
}

}  // namespace common
