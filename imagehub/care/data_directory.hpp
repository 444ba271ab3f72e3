#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace imagehub {

/// Where things lie below the data directory of a hub.
struct DataDirectory {
  std::filesystem::path folder;

  std::filesystem::path index() const { return folder / "index.sqlite3"; }
  std::filesystem::path images() const { return folder / "images"; }
  std::filesystem::path incoming() const { return images() / ".incoming"; }
  std::filesystem::path data() const { return folder / "data"; }
  std::filesystem::path logs() const { return folder / "logs"; }
  std::filesystem::path backups() const { return folder / "backup"; }
  std::filesystem::path reports() const { return folder / "reports"; }
  std::filesystem::path reserve() const { return folder / ".reserve"; }
  std::filesystem::path lock() const { return folder / "imagehub.lock"; }
};

/// Told now and then by work that may take long: what is being done, how much of it is done. `total` 0: not known.
using Progress = std::function<void(const char* what, std::uint64_t done, std::uint64_t total)>;

}  // namespace imagehub
