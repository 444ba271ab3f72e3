#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <vector>

#include "common/file_system.hpp"

namespace imagehub {

/// Room that is kept for events, the database and deletions when the disk is full: a file that is given back piece by
/// piece. While it is not whole, images are not written, so that they cannot eat it. Thread-safe.
class Reserve {
 public:
  /// Takes the room, or as much of it as there is; at most an eighth of the disk. Of a file that an earlier run left
  /// smaller, only what is missing is taken. 0 bytes: no reserve. Never throws for want of room. `stores` may lie on
  /// disks of their own: images wait while these are full, too.
  Reserve(common::FileSystem& files, std::filesystem::path file, std::uint64_t bytes,
          std::vector<std::filesystem::path> stores = {});

  struct Status {
    std::uint64_t bytes = 0;       ///< of the whole reserve
    std::uint64_t bytes_left = 0;  ///< of them still kept
    bool full = false;             ///< no images are written now
  };
  Status status() const;

  /// Whether images may be written. When the disk was full, looks whether there is room again.
  bool room_for_images();

  /// An image of this size did not fit: none are written until there is room for the reserve and for it.
  void found_full(std::uint64_t bytes);

  /// Runs `work`; as often as it fails for want of space and something of the reserve is left, gives back a piece and
  /// runs it again. Passes on every other exception, and the last one.
  template <typename Work>
  auto spend(Work&& work) {
    for (;;) {
      try {
        return work();
      } catch (const std::exception& error) {
        if (!wants_space(error) || !give_back()) throw;
      }
    }
  }

  /// Gives back a piece; false when nothing is left, or when it is the disk of a store that is full.
  bool give_back();

  /// Whether this failure is a full disk. SQLite and some file systems say other things of it, so when nothing is free
  /// every failure counts.
  bool wants_space(const std::exception& error) const;

 private:
  void take(std::uint64_t bytes);
  void refill();
  bool stores_have_room() const;
  bool another_disk_is_full() const;

  common::FileSystem& files_;
  const std::filesystem::path file_;
  const std::vector<std::filesystem::path> stores_;
  std::uint64_t bytes_ = 0;
  std::uint64_t margin_ = 0;  ///< what must be free beyond the reserve before images are written again

  mutable std::mutex mutex_;
  std::uint64_t wanted_ = 0;  ///< by the largest image that did not fit
  std::atomic<std::uint64_t> left_{0};
  std::atomic<bool> full_{false};
};

/// ENOSPC and the like.
bool is_disk_full(const std::exception& error);

}  // namespace imagehub
