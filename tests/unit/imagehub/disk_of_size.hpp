#pragma once

#include <optional>

#include "common/disk.hpp"

/// The real disk, of a terabyte of which so much is free as a test says.
class DiskOfSize : public common::Disk {
 public:
  common::Space space(const Path& path) override {
    const bool other = images_free_bytes && path.filename() == "images";
    return {1'000'000'000'000, other ? *images_free_bytes : free_bytes, other ? 1U : 0U};
  }
  std::uint64_t free_bytes = 500'000'000'000;
  /// When images/ is a disk of its own.
  std::optional<std::uint64_t> images_free_bytes;
};
