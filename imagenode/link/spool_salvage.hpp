#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "imagenode/link/outbox_settings.hpp"
#include "imagenode/link/spool.hpp"

namespace imagenode {

/// What a salvage could not read, as far as that is known.
struct SpoolLosses {
  bool unreadable_now = false;  ///< the disk does not give the file now; it may later
  std::uint64_t messages = 0;   ///< that are there, but not whole
  bool gaps = false;            ///< and pages with an unknown number of them
  std::int64_t from_ns = 0;     ///< capture of the oldest and newest, or of their neighbours; 0: not known
  std::int64_t to_ns = 0;

  bool any() const { return messages > 0 || gaps; }
};

struct SalvageTaker {
  std::function<void(const SpoolRow&)> message;
  std::function<void(const SetAside&)> set_aside;
};

/// Gives all that can be read still of a damaged spool, from both ends and from between bad pages. What `take` throws
/// comes out: then the rest has not been given. Throws std::system_error when there is no room for opening it.
SpoolLosses salvage_spool(common::FileSystem& files, const std::filesystem::path& file, const std::string& kernel,
                          const common::Clock& clock, const SalvageTaker& take);

}  // namespace imagenode
