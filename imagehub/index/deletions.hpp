#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

namespace imagehub {

/// What the images of one node take, those that were adopted apart.
struct ImageTotal {
  std::string node;
  bool adopted = false;
  std::uint64_t images = 0;
  std::uint64_t bytes = 0;
  std::int64_t oldest_received_ns = 0;
};

/// An image as far as its deletion needs it.
struct OldImage {
  std::int64_t id = 0;
  std::string path;  ///< below images/
  std::uint64_t bytes = 0;
  std::int64_t received_ns = 0;
};

/// Which images are the oldest, and the first and last step of deleting them: the row becomes a row of `garbage`, in a
/// transaction; when the file is gone, so does that. In between nobody may take the path for another file.
/// Identities stay. Bound to the thread that commits, as the Index; changes happen inside a transaction of it.
class Deletions {
 public:
  explicit Deletions(Index& index);
  ~Deletions();
  Deletions(const Deletions&) = delete;
  Deletions& operator=(const Deletions&) = delete;

  /// What follows `behind` (nothing: the beginning) of all that there is, at most `limit`.
  std::vector<ImageTotal> totals(const ImageTotal* behind, std::size_t limit);

  /// The oldest images of the node that were received up to this time, at most `limit`; rows behind `last_id` are left
  /// out: their files may not have their names yet.
  std::vector<OldImage> oldest(const std::string& node, bool adopted, std::int64_t received_until_ns,
                               std::int64_t last_id, std::size_t limit);

  void to_garbage(const OldImage& image);
  void forget_garbage(const std::string& path);
  std::vector<std::string> garbage();
  /// Takes out of the garbage what has a row again: somebody adopted the file. Reads the adopted
  /// rows, and all of them behind a salvage.
  void spare_adopted();

  /// When the newest images and events of nodes were received; empty without any.
  std::vector<std::int64_t> newest_received_ns();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
