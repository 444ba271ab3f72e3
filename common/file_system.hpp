#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/payload.hpp"

/// The seam through which both programs do their file work, so that a test can take the disk's place: let any
/// operation fail, and lose in a crash what was not synced. Failures throw std::system_error whose text names the path.
namespace common {

/// An open file. Its destructor closes it. Bound to one thread at a time.
class OpenFile {
 public:
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  virtual ~OpenFile() = default;

  /// Bytes read; fewer than asked for only at the end of the file.
  virtual std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
  /// Writes all, over what is there; bytes between the end and `offset` become zero. After a failure a part of the
  /// bytes may be there.
  virtual void write(std::uint64_t offset, ByteView bytes) = 0;
  /// Where appended bytes begin, and how many of them there are.
  struct Appended {
    std::uint64_t offset = 0;
    std::size_t count = 0;
  };
  /// Writes behind the end in one go, wherever another writer has moved it meanwhile. Fewer bytes than given when the
  /// disk takes no more; after a failure that throws, none.
  virtual Appended append(ByteView bytes) = 0;
  virtual std::uint64_t size() = 0;
  /// The same for whatever was opened as the same file, by any name; while it is open no other file has it.
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    bool operator==(const Identity&) const = default;
  };
  virtual Identity identity() = 0;
  virtual void resize(std::uint64_t size) = 0;
  /// Takes the room for so many bytes from the disk, so that writing them cannot fail for want of it.
  virtual void allocate(std::uint64_t size) = 0;

  /// Has the disk begin; only a hint.
  virtual void begin_sync() = 0;
  /// On return the bytes are on the disk.
  virtual void sync() = 0;
};
using OpenFilePtr = std::unique_ptr<OpenFile>;

enum class OpenMode {
  read,    ///< must exist
  change,  ///< must exist; to be read and written
  create,  ///< as change, made when missing
  replace  ///< as create, empty at first
};

struct FileInfo {
  bool is_folder = false;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  ///< UTC
};

struct Space {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< for us; what only root may use is left out
  std::uint64_t disk = 0;        ///< the same within a file system; volumes that share space (btrfs, ZFS) differ
};

/// Thread-safe.
class FileSystem {
 public:
  using Path = std::filesystem::path;

  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  virtual OpenFilePtr open(const Path& path, OpenMode mode) = 0;
  /// Nothing when there is no such file or folder.
  virtual std::optional<FileInfo> info(const Path& path) = 0;
  /// Names in the folder, without "." and "..", in no order.
  virtual std::vector<std::string> list(const Path& folder) = 0;
  /// Whether there was such a file.
  virtual bool remove(const Path& path) = 0;
  /// Replaces `to`.
  virtual void rename(const Path& from, const Path& to) = 0;
  /// Never onto an existing file: false when `to` exists.
  virtual bool rename_if_free(const Path& from, const Path& to) = 0;
  /// Makes one folder; whether it was missing.
  virtual bool make_folder(const Path& folder) = 0;
  /// Removes an empty folder; false when it is missing or holds anything.
  virtual bool remove_folder(const Path& folder) = 0;
  /// Makes names that were created, renamed or removed in this folder durable.
  virtual void sync_folder(const Path& folder) = 0;
  virtual Space space(const Path& path) = 0;

  /// Name of the VFS through which SQLite works on the same files; empty is SQLite's own.
  virtual std::string sqlite_vfs() const = 0;
};

// What is made of these operations.

inline bool exists(FileSystem& files, const std::filesystem::path& path) {
  return files.info(path).has_value();
}
bool is_folder(FileSystem& files, const std::filesystem::path& path);
/// The whole file.
std::string read_text(FileSystem& files, const std::filesystem::path& path);

/// Creates (or replaces) the file and has the disk begin; the bytes are safe once sync_file() returned, so that several
/// files go to the disk together. A file that could not be written or synced whole is removed.
OpenFilePtr begin_file(FileSystem& files, const std::filesystem::path& path, ByteView bytes);
void sync_file(FileSystem& files, OpenFile& file, const std::filesystem::path& path);

/// Appends whole lines, never over what another writer appends at the same time; behind half a line, left by a crash,
/// they begin on a fresh one. Returns where the first of them begins. When they do not fit, none of their bytes stay,
/// unless another writer has already appended to them; what others wrote stays, but for what comes in the very moment
/// in which our bytes are taken back.
std::uint64_t append_lines(OpenFile& file, const std::filesystem::path& path, std::string_view lines);
/// The same; on return the lines are on the disk. When they may not be, they do not stay either.
std::uint64_t append_lines_synced(OpenFile& file, const std::filesystem::path& path, std::string_view lines);
/// Where the next line begins if nobody else appends before.
std::uint64_t next_line(OpenFile& file);

/// Creates the folder and its missing parents and makes them durable.
void make_folders(FileSystem& files, const std::filesystem::path& folder);

}  // namespace common
