#pragma once

#include <memory>
#include <string>

#include "common/file_system.hpp"

/// A VFS for SQLite over any FileSystem, so that a database lives on the same disk as all other files and meets the
/// same faults. Locks and the shared memory of WAL mode are kept in this process. Registered while it lives.
/// Thread-safe.
class SqliteVfs {
 public:
  explicit SqliteVfs(common::FileSystem& files);
  ~SqliteVfs();
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;

  const std::string& name() const;

  /// After a restart of the computer: no locks, no shared memory.
  void forget();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};
