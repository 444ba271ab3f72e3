#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "sqlite_vfs.hpp"

/// What happens at a chosen operation.
enum class Fault {
  no_space,         ///< ENOSPC, once
  disk_full,        ///< ENOSPC for all that needs room, until heal()
  io_error,         ///< EIO, once; a failed sync forgets what it should have written, as Linux does
  read_only,        ///< EROFS for all that changes something, until heal()
  short_write,      ///< half of the bytes arrive, then ENOSPC, once
  crash,            ///< power is cut: all that was not synced is lost
  torn_crash,       ///< power is cut: a random part of what was not synced is there, writes torn at sectors
  crash_after_sync  ///< power is cut right after the operation
};
inline constexpr Fault kFaults[] = {Fault::no_space,    Fault::disk_full, Fault::io_error,   Fault::read_only,
                                    Fault::short_write, Fault::crash,     Fault::torn_crash, Fault::crash_after_sync};

/// A disk in memory that knows what was synced: contents by file, names by folder. Counts each operation that changes
/// something and lets a chosen one fail. Names become durable in the order in which they were changed, as in a file
/// system with a journal; a file's sync says nothing about its name. Thread-safe.
class MemoryDisk final : public common::FileSystem {
 public:
  explicit MemoryDisk(const common::Clock& clock, std::uint64_t seed = 1);
  ~MemoryDisk() override;

  /// Has what programs see on the other one, all of it durable, and nothing else.
  void become_like(const MemoryDisk& other);

  /// The n-th changing operation from now on (1 is the next) has this fault.
  void fail_at(std::uint64_t n, Fault fault);
  void no_more_faults() { fail_at(0, Fault::no_space); }
  /// Whether the fault has come.
  bool fault_came() const;
  /// There is room again, and the disk can be written.
  void heal();
  bool crashed() const;
  /// Power is cut now.
  void crash();
  /// The computer starts again with what is on the disk.
  void restart();

  common::OpenFilePtr open(const Path& path, common::OpenMode mode) override;
  std::optional<common::FileInfo> info(const Path& path) override;
  std::vector<std::string> list(const Path& folder) override;
  bool remove(const Path& path) override;
  void rename(const Path& from, const Path& to) override;
  bool rename_if_free(const Path& from, const Path& to) override;
  bool make_folder(const Path& folder) override;
  bool remove_folder(const Path& folder) override;
  void sync_folder(const Path& folder) override;
  common::Space space(const Path& path) override;
  std::string sqlite_vfs() const override { return vfs_.name(); }

 private:
  struct Range {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  struct Inode {
    bool is_folder = false;
    common::Bytes bytes;          ///< as programs see it
    common::Bytes durable;        ///< as it is after a crash
    std::vector<Range> unsynced;  ///< in the order of writing
    std::int64_t modified_ns = 0;
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;
  /// A change of names that is not durable yet.
  struct NameChange {
    std::string folder;
    std::string other_folder;
    std::function<void(Names&)> apply;
  };
  class File;

  /// Before each changing operation. Throws when it has to fail; the part of the bytes that arrives all the same.
  enum class Need { room, change };
  struct Verdict {
    bool crash_afterwards = false;
    bool only_half = false;
  };
  Verdict begin_change(const Path& path, Need need);
  void end_change(const Verdict& verdict);
  [[noreturn]] void cut_power(Fault how);
  void check_power(const Path& path) const;
  void lose(Fault how);
  void change_names(const Path& path, const Path& other, std::function<void(Names&)> apply);
  InodePtr find(const Path& path) const;
  InodePtr must_find(const Path& path, const char* action) const;

  const common::Clock& clock_;
  mutable std::recursive_mutex mutex_;
  std::mt19937_64 random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;
  std::uint64_t operations_ = 0;
  std::uint64_t fault_at_ = 0;
  Fault fault_ = Fault::no_space;
  bool fault_came_ = false;
  bool full_ = false;
  bool read_only_ = false;
  bool crashed_ = false;
  std::uint64_t life_ = 0;  ///< files opened before a restart are dead
  SqliteVfs vfs_;
};
