#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "imagehub/filing/inflow.hpp"
#include "imagehub/filing/retention_settings.hpp"
#include "imagehub/index/growth.hpp"

namespace imagehub {

/// When the disk will be full: from what came during the last seven days (since the start of the index when that is
/// younger, an hour at least) of images and rows, from what their limits will hold it at, and from what is free; where
/// images and rows have disks of their own, the one that is full first. What min_free_gb deletes fills no disk.
/// measure() belongs to the thread that commits; status() is thread-safe.
class Forecast {
 public:
  Forecast(const RetentionSettings& retention, Index& index, common::FileSystem& files, std::filesystem::path data,
           const common::Clock& clock);

  /// Other limits; on the thread that commits.
  void set_retention(const RetentionSettings& retention) { retention_ = retention; }

  /// Returns "imagehub|disk|full in 7 days": a week and a day before, each once until it gets better again, over
  /// restarts too.
  std::optional<std::string> measure();

  struct Status {
    double bytes_per_day =
        0;  ///< that will be added in the next one, to the disk that is full first; to all when none will be
    std::optional<double> days_left;  ///< nothing when the disk will not be full
  };
  Status status() const;

 private:
  std::vector<Room> rooms(const std::vector<Growth::OfNode>& came, const std::vector<Growth::OfNode>& stored,
                          const ClassRetention& limits, double days) const;
  common::Space space(const char* folder) const;
  std::optional<std::string> warning(std::optional<double> days_left, std::int64_t today);

  RetentionSettings retention_;
  Index& index_;
  Growth growth_;
  common::FileSystem& files_;
  const std::filesystem::path data_;
  const common::Clock& clock_;
  std::optional<int> told_;  ///< 0 nothing, 1 a week, 2 a day
  std::int64_t pruned_day_ = 0;

  mutable std::mutex mutex_;
  Status status_;
};

}  // namespace imagehub
