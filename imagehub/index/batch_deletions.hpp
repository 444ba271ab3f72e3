#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

namespace imagehub {

/// What the closed batches of one node take, those that were adopted apart.
struct BatchTotal {
  std::string node;
  bool adopted = false;
  std::uint64_t bytes = 0;
  std::int64_t oldest_received_ns = 0;
};

/// A batch as far as its deletion needs it.
struct OldBatch {
  std::int64_t id = 0;
  std::string node;
  std::string path;  ///< below data/
  std::uint64_t bytes = 0;
  std::int64_t received_ns = 0;
};

/// Which batches of rows are the oldest, and the first step of deleting them: the row is marked, in a transaction; when
/// the folder is gone, so goes the row. Identities stay. Bound to the thread that commits, as the
/// Index; changes happen inside a transaction of it.
class BatchDeletions {
 public:
  explicit BatchDeletions(Index& index);
  ~BatchDeletions();
  BatchDeletions(const BatchDeletions&) = delete;
  BatchDeletions& operator=(const BatchDeletions&) = delete;

  /// By node, of at most so many; none that is marked counts.
  std::vector<BatchTotal> totals(std::size_t limit);
  /// The oldest of a node, by receive time.
  std::vector<OldBatch> oldest(const std::string& node, bool adopted, std::size_t limit);

  void mark(std::int64_t id);
  /// Their rows go by BatchRows::remove().
  std::vector<OldBatch> marked();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
