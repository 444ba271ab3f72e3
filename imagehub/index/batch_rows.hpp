#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/batch.hpp"
#include "imagehub/index/index.hpp"

namespace imagehub {

enum class BatchState {
  open,      ///< rows are still appended to it
  complete,  ///< has all its files with all their rows
  partial,   ///< was closed before
  lost,      ///< its folder was removed before it was closed
  deleting   ///< its folder is being removed, because its owner set a limit
};

/// A batch of rows; `batch.complete` follows from its state.
struct BatchRow {
  std::int64_t id = 0;
  common::Batch batch;
  bool late = false;
  BatchState state = BatchState::open;
  bool adopted = false;          ///< made from a folder that was found without a row
  std::int64_t received_ns = 0;  ///< of its first rows
  std::string path;              ///< below data/, once it is closed
  std::string incoming;          ///< name below data/.incoming until it has its place
};

/// Batches of the index, with the committed length of each file. Bound to the thread that commits, as the Index; what
/// changes rows happens inside a transaction of it.
class BatchRows {
 public:
  explicit BatchRows(Index& index);
  ~BatchRows();
  BatchRows(const BatchRows&) = delete;
  BatchRows& operator=(const BatchRows&) = delete;

  /// Adds the row and sets its id, or writes what has become of it; of its files those from this one (0 is the first).
  void save(BatchRow& row, std::size_t first_file = 0);
  void remove(std::int64_t id);

  /// Those below .incoming, as far as the index knows.
  std::vector<BatchRow> unfinished();
  /// The highest number among the batches of this one's session and source; 0 without any.
  std::uint64_t last_number(const common::Batch& batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
