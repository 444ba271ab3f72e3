#include "sqlite_vfs.hpp"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>
#include <vector>

#include "common/text.hpp"

namespace {

/// What connections to one database share: SQLite's file locks, and the memory and locks of its WAL index.
struct Shared {
  int readers = 0;               ///< connections with SQLITE_LOCK_SHARED or more
  const void* writer = nullptr;  ///< who has SQLITE_LOCK_RESERVED or more
  bool exclusive = false;
  bool pending = false;
  std::vector<std::unique_ptr<std::vector<std::uint64_t>>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shm_readers{};
  std::array<bool, SQLITE_SHM_NLOCK> shm_writer{};
};

std::atomic<int> vfs_count{0};

}  // namespace

struct SqliteVfs::Impl {
  explicit Impl(common::FileSystem& the_files) : files(the_files), name(common::cat("seam-", ++vfs_count)) {}

  std::shared_ptr<Shared> shared_of(const std::string& path) {
    const std::lock_guard lock(mutex);
    auto& entry = shared[path];
    if (!entry) entry = std::make_shared<Shared>();
    return entry;
  }

  common::FileSystem& files;
  std::string name;
  sqlite3_vfs vfs{};
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Shared>> shared;
};

namespace {

using Impl = SqliteVfs::Impl;

/// SQLite allocates this and calls the methods with it.
struct VfsFile {
  sqlite3_file base;
  struct Open {
    Impl* impl;
    std::string path;
    common::OpenFilePtr file;
    std::shared_ptr<Shared> shared;
    int lock = SQLITE_LOCK_NONE;
    bool delete_on_close = false;
    bool sync_name = false;  ///< its name is not durable yet
    std::array<bool, SQLITE_SHM_NLOCK> shm_shared{};
    std::array<bool, SQLITE_SHM_NLOCK> shm_exclusive{};
  };
  Open* open;
};

VfsFile::Open& of(sqlite3_file* file) {
  return *reinterpret_cast<VfsFile*>(file)->open;
}

Impl& of(sqlite3_vfs* vfs) {
  return *static_cast<Impl*>(vfs->pAppData);
}

int to_sqlite(const std::system_error& error, int otherwise) {
  if (error.code() == std::errc::no_space_on_device) return SQLITE_FULL;
  return otherwise;
}

/// Runs file work for SQLite, which knows no exceptions.
template <typename Work>
int guarded(int otherwise, Work work) {
  try {
    return work();
  } catch (const std::system_error& error) {
    return to_sqlite(error, otherwise);
  }
}

int close_file(sqlite3_file* file) {
  auto* handle = reinterpret_cast<VfsFile*>(file);
  const std::unique_ptr<VfsFile::Open> open(handle->open);
  handle->open = nullptr;
  open->file.reset();
  if (!open->delete_on_close) return SQLITE_OK;
  return guarded(SQLITE_IOERR_DELETE, [&] {
    open->impl->files.remove(open->path);
    return SQLITE_OK;
  });
}

int read_file(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  return guarded(SQLITE_IOERR_READ, [&] {
    auto* bytes = static_cast<std::uint8_t*>(into);
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t got = of(file).file->read(static_cast<std::uint64_t>(offset), {bytes, wanted});
    std::memset(bytes + got, 0, wanted - got);
    return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  });
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  return guarded(SQLITE_IOERR_WRITE, [&] {
    of(file).file->write(static_cast<std::uint64_t>(offset),
                         {static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(count)});
    return SQLITE_OK;
  });
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return guarded(SQLITE_IOERR_TRUNCATE, [&] {
    of(file).file->resize(static_cast<std::uint64_t>(size));
    return SQLITE_OK;
  });
}

int sync_file(sqlite3_file* file, int) {
  return guarded(SQLITE_IOERR_FSYNC, [&] {
    VfsFile::Open& open = of(file);
    open.file->sync();
    if (open.sync_name) {
      // As SQLite's own VFS does for a journal that it has made.
      open.impl->files.sync_folder(std::filesystem::path(open.path).parent_path());
      open.sync_name = false;
    }
    return SQLITE_OK;
  });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return guarded(SQLITE_IOERR_FSTAT, [&] {
    *size = static_cast<sqlite3_int64>(of(file).file->size());
    return SQLITE_OK;
  });
}

int lock_file(sqlite3_file* file, int level) {
  VfsFile::Open& open = of(file);
  const std::lock_guard lock(open.impl->mutex);
  Shared& shared = *open.shared;
  if (open.lock >= level) return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (shared.exclusive || shared.pending) return SQLITE_BUSY;
    ++shared.readers;
  } else {
    if (shared.writer != nullptr && shared.writer != &open) return SQLITE_BUSY;
    shared.writer = &open;
    if (level == SQLITE_LOCK_EXCLUSIVE) {
      shared.pending = true;
      if (shared.readers > 1) {
        open.lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
      }
      shared.exclusive = true;
    }
  }
  open.lock = level;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  VfsFile::Open& open = of(file);
  const std::lock_guard lock(open.impl->mutex);
  Shared& shared = *open.shared;
  if (open.lock > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED) {
    shared.writer = nullptr;
    shared.exclusive = shared.pending = false;
  }
  if (open.lock >= SQLITE_LOCK_SHARED && level == SQLITE_LOCK_NONE) --shared.readers;
  open.lock = std::min(open.lock, level);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* taken) {
  const std::lock_guard lock(of(file).impl->mutex);
  *taken = of(file).shared->writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) {
  return 512;
}

int device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // as SQLite's own VFS says of every disk
}

int shm_map(sqlite3_file* file, int region, int size, int extend, volatile void** memory) {
  VfsFile::Open& open = of(file);
  const std::lock_guard lock(open.impl->mutex);
  auto& regions = open.shared->regions;
  const auto at = static_cast<std::size_t>(region);
  if (regions.size() <= at && extend == 0) {
    *memory = nullptr;
    return SQLITE_OK;
  }
  while (regions.size() <= at) {
    regions.push_back(std::make_unique<std::vector<std::uint64_t>>(static_cast<std::size_t>(size) / 8));
  }
  *memory = regions[at]->data();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  VfsFile::Open& open = of(file);
  const std::lock_guard lock(open.impl->mutex);
  Shared& shared = *open.shared;
  const auto from = static_cast<std::size_t>(first);
  const auto to = from + static_cast<std::size_t>(count);
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (auto i = from; i < to; ++i) {
      if (open.shm_shared[i]) --shared.shm_readers[i];
      if (open.shm_exclusive[i]) shared.shm_writer[i] = false;
      open.shm_shared[i] = open.shm_exclusive[i] = false;
    }
    return SQLITE_OK;
  }
  for (auto i = from; i < to; ++i) {
    const int other_readers = shared.shm_readers[i] - (open.shm_shared[i] ? 1 : 0);
    if (shared.shm_writer[i] && !open.shm_exclusive[i]) return SQLITE_BUSY;
    if (exclusive && other_readers > 0) return SQLITE_BUSY;
  }
  for (auto i = from; i < to; ++i) {
    if (exclusive) {
      shared.shm_writer[i] = open.shm_exclusive[i] = true;
    } else if (!open.shm_shared[i]) {
      ++shared.shm_readers[i];
      open.shm_shared[i] = true;
    }
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

int shm_unmap(sqlite3_file* file, int delete_it) {
  shm_lock(file, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
  VfsFile::Open& open = of(file);
  const std::lock_guard lock(open.impl->mutex);
  if (delete_it != 0) open.shared->regions.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods{2,
                                      close_file,
                                      read_file,
                                      write_file,
                                      truncate_file,
                                      sync_file,
                                      file_size,
                                      lock_file,
                                      unlock_file,
                                      check_reserved_lock,
                                      file_control,
                                      sector_size,
                                      device_characteristics,
                                      shm_map,
                                      shm_lock,
                                      shm_barrier,
                                      shm_unmap,
                                      nullptr,
                                      nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* handle = reinterpret_cast<VfsFile*>(file);
  handle->base.pMethods = nullptr;
  Impl& impl = of(vfs);
  return guarded(SQLITE_CANTOPEN, [&] {
    auto open = std::make_unique<VfsFile::Open>();
    open->impl = &impl;
    open->path = name == nullptr ? common::cat("/sqlite-temporary-", reinterpret_cast<std::uintptr_t>(file)) : name;
    open->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 || name == nullptr;
    const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
    const bool read_only = (flags & SQLITE_OPEN_READONLY) != 0;
    const bool is_new = !common::exists(impl.files, open->path);
    constexpr int kJournals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    open->sync_name = is_new && may_create && (flags & kJournals) != 0;
    open->file = impl.files.open(open->path, read_only    ? common::OpenMode::read
                                             : may_create ? common::OpenMode::create
                                                          : common::OpenMode::change);
    open->shared = impl.shared_of(open->path);
    handle->open = open.release();
    handle->base.pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  });
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_name) {
  return guarded(SQLITE_IOERR_DELETE, [&] {
    if (!of(vfs).files.remove(name)) return SQLITE_IOERR_DELETE_NOENT;
    if (sync_name != 0) of(vfs).files.sync_folder(std::filesystem::path(name).parent_path());
    return SQLITE_OK;
  });
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return guarded(SQLITE_IOERR_ACCESS, [&] {
    const auto info = of(vfs).files.info(name);
    *result = info && (flags != SQLITE_ACCESS_EXISTS || info->bytes > 0) ? 1 : 0;
    return SQLITE_OK;
  });
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int count, char* out) {
  std::random_device device;
  for (int i = 0; i < count; ++i) out[i] = static_cast<char>(device());
  return count;
}

/// Another thread has the lock that SQLite wants, and lets go of it in its own time, whatever the test's clock says.
/// SQLite adds up what it asked for, not what passed: without a pause its patience would end before that thread ran.
int wait(sqlite3_vfs*, int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  return microseconds;
}

int current_time(sqlite3_vfs*, sqlite3_int64* milliseconds) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  // In milliseconds since the beginning of the Julian calendar.
  *milliseconds = 210'866'760'000'000 + std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

SqliteVfs::SqliteVfs(common::FileSystem& files) : impl_(std::make_unique<Impl>(files)) {
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(VfsFile);
  vfs.mxPathname = 1024;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = wait;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time;
  sqlite3_vfs_register(&vfs, 0);
}

SqliteVfs::~SqliteVfs() {
  sqlite3_vfs_unregister(&impl_->vfs);
}

const std::string& SqliteVfs::name() const {
  return impl_->name;
}

void SqliteVfs::forget() {
  const std::lock_guard lock(impl_->mutex);
  impl_->shared.clear();
}
