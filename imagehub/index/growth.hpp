#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

namespace imagehub {

/// How fast images and rows come in, by day of their receipt (UTC days since 1970), rows by that of their batch's
/// first; deleting them later changes nothing here. Bound to the thread that commits.
class Growth {
 public:
  explicit Growth(Index& index) : database_(index.database()) {}

  struct OfNode {
    std::string node;
    std::uint64_t bytes = 0;
  };
  /// What came from the first to the last day, by node.
  std::vector<OfNode> images(std::int64_t first_day, std::int64_t last_day) {
    return sums("image_days", first_day, last_day);
  }
  std::vector<OfNode> rows(std::int64_t first_day, std::int64_t last_day) {
    return sums("batch_days", first_day, last_day);
  }

  /// What is there of each node; adopted files and batches only when wanted.
  std::vector<OfNode> stored_images(bool adopted_too) { return totals("image_totals", adopted_too); }
  std::vector<OfNode> stored_rows(bool adopted_too) { return totals("batch_totals", adopted_too); }

  /// When the first event was received: a hub notes its start. 0 without any.
  std::int64_t start_ns();

  /// Which warning was told last; kept over restarts.
  int told();
  /// Also drops the sums of days before this one. In a transaction of its own.
  void remember(Index& index, int told, std::int64_t first_day);

 private:
  std::vector<OfNode> sums(const char* table, std::int64_t first_day, std::int64_t last_day);
  std::vector<OfNode> totals(const char* table, bool adopted_too);

  SQLite::Database& database_;
};

}  // namespace imagehub
