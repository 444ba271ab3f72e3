#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/index/growth.hpp"

namespace imagehub {

/// When the disk will be full: from what came during the last seven days (since the start of the index when that is
/// younger, an hour at least) of images and rows that no limit deletes, and from what is free. measure() belongs to the
/// thread that commits; status() is thread-safe.
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
    double bytes_per_day = 0;         ///< that stay
    std::optional<double> days_left;  ///< nothing when nothing grows
  };
  Status status() const;

 private:
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
