#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "common/disk.hpp"

/// A fresh folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  mutable common::Disk disk;

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const common::Bytes& bytes) {
  common::Disk().open(path, common::OpenMode::replace)->write(0, bytes);
}
