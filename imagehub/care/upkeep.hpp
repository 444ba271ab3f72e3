#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/thread.hpp"
#include "imagehub/care/backup.hpp"
#include "imagehub/care/crc_filler.hpp"
#include "imagehub/care/data_directory.hpp"

namespace imagehub {

struct UpkeepSettings {
  int backups = 2;  ///< daily backups of the index to keep; 0: none are made
};

/// What a hub does when it has nothing else to do, on a thread of its own: the daily backup of the index, and the CRCs
/// of adopted pictures. A failure is told once, counted, and tried again after ten minutes. status() is thread-safe.
class Upkeep {
 public:
  struct Work {
    std::function<bool()> quiet;                             ///< whether nothing is being filed
    std::function<bool(std::uint64_t bytes)> room;           ///< whether the disk has so much to spare
    std::function<void(const std::string& reason)> damaged;  ///< backup or CRCs found the index damaged
  };
  Upkeep(const UpkeepSettings& settings, common::FileSystem& files, DataDirectory data, const common::Clock& clock,
         common::Liveness& liveness, Work work);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  struct Status {
    std::uint64_t crc_pending = 0;
    std::optional<std::int64_t> last_backup_ns;  ///< UTC
    std::string backup_problem;                  ///< why the last try failed; empty when it did not
    std::uint64_t backup_failures = 0;           ///< since the start
  };
  Status status() const;

  /// So many from the next backup on; 0: none are made any more. Thread-safe.
  void keep_backups(int backups) { backups_ = backups; }

 private:
  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  /// Whether a backup is to be made now.
  bool backup_due();
  void back_up(const std::stop_token& stop);
  void fill_crcs();

  std::atomic<int> backups_;
  common::FileSystem& files_;
  const DataDirectory data_;
  const common::Clock& clock_;
  const Work work_;

  mutable std::mutex mutex_;
  std::condition_variable_any stopping_;
  Status status_;

  // Of the thread.
  std::optional<CrcFiller> filler_;
  std::string newest_day_;
  std::int64_t due_since_ns_ = 0;    ///< 0: not due
  std::int64_t quiet_since_ns_ = 0;  ///< 0: not quiet
  std::int64_t next_try_ns_ = 0;
  std::int64_t next_crc_try_ns_ = 0;

  std::jthread thread_;
};

}  // namespace imagehub
