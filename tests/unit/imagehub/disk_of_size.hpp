#pragma once

#include "common/disk.hpp"

/// The real disk, of a terabyte of which so much is free as a test says.
class DiskOfSize : public common::Disk {
 public:
  common::Space space(const Path&) override { return {1'000'000'000'000, free_bytes}; }
  std::uint64_t free_bytes = 500'000'000'000;
};
