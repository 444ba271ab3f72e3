#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/batch_store.hpp"
#include "imagehub/filing/retention_settings.hpp"
#include "imagehub/index/batch_deletions.hpp"
#include "imagehub/index/batch_rows.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

/// Deletes the oldest batches of rows, by receive time, when their owner has set limits for data: marks rows, removes
/// their folders, removes the rows, a few in each round. Bound to the thread that commits.
class BatchRetention {
 public:
  BatchRetention(Index& index, common::BatchStore& store, Reserve& reserve);

  /// Finishes what a hub that ended was deleting. Before the hub files anything. What cannot be removed is logged, and
  /// tried again by round().
  void recover();

  struct Deleted {
    std::map<std::string, std::uint64_t> batches;  ///< by reason
    std::uint64_t bytes = 0;
    bool more = false;    ///< whether the next round has something to do at once
    std::string failure;  ///< why a folder could not be removed; until it can, no more batches go
  };
  /// `free_bytes` is what is free on the disk beside the reserve.
  Deleted round(const RetentionSettings& settings, std::int64_t now_ns, double free_bytes);

 private:
  struct Old {
    OldBatch batch;
    const char* reason;
  };
  std::vector<Old> chosen(const RetentionSettings& settings, std::int64_t now_ns, double free_bytes);
  std::string finish();

  Index& index_;
  BatchDeletions deletions_;
  BatchRows rows_;
  common::BatchStore& store_;
  Reserve& reserve_;
};

}  // namespace imagehub
