#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "common/file_system.hpp"
#include "common/payload.hpp"
#include "imagehub/care/data_directory.hpp"

namespace imagehub {

/// Computes the CRCs that adopted pictures lack, a few at a time, through a connection of its own to the index. Bound
/// to one thread. Failures throw std::exception.
class CrcFiller {
 public:
  CrcFiller(common::FileSystem& files, const DataDirectory& data);
  ~CrcFiller();

  /// Reads the next pictures, at most 50 and about 8 MB, and enters what it found in one transaction. What cannot be
  /// read stays open until the next start. Returns how many rows are still open and to be tried.
  std::uint64_t fill_some();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
