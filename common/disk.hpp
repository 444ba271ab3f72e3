#pragma once

#include "common/file_system.hpp"

namespace common {

/// The file system of this computer. Thread-safe. Tests derive from it.
class Disk : public FileSystem {
 public:
  OpenFilePtr open(const Path& path, OpenMode mode) override;
  std::optional<FileInfo> info(const Path& path) override;
  std::vector<std::string> list(const Path& folder) override;
  bool remove(const Path& path) override;
  void rename(const Path& from, const Path& to) override;
  bool rename_if_free(const Path& from, const Path& to) override;
  bool make_folder(const Path& folder) override;
  bool remove_folder(const Path& folder) override;
  void sync_folder(const Path& folder) override;
  Space space(const Path& path) override;
  std::string sqlite_vfs() const override { return {}; }
};

}  // namespace common
