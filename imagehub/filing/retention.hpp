#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/thread.hpp"
#include "imagehub/filing/batch_retention.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/retention_settings.hpp"
#include "imagehub/index/deletions.hpp"
#include "imagehub/store/image_store.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

/// Finishes what a hub that ended was deleting: removes the files in the garbage, then their rows there. Returns the
/// files that cannot be removed. Before the hub files anything, or in its absence. Throws when the folder of
/// pictures seems not to be mounted, unless its files are known to be lost.
std::vector<std::string> finish_deletions(Index& index, ImageStore& store, bool files_are_lost = false);

/// Deletes the oldest images, by receive time, when their owner has set limits: at first the row goes to the garbage,
/// a bounded number in a transaction, then the file, then the garbage. step() does one such round; a thread repeats it.
/// When no image is to go any more, it is the turn of batches of rows.
/// Rows are changed on the thread that commits, through `between_groups`; files go on this one.
/// status() is thread-safe.
class Retention {
 public:
  /// Runs the task on the thread that commits and returns at its end.
  using BetweenGroups = std::function<void(std::function<void()>)>;

  struct Parts {
    Index& index;
    ImageStore& store;
    common::BatchStore& batch_store;
    Committer& committer;
    Reserve& reserve;
    common::FileSystem& files;
    const common::Clock& clock;
  };

  Retention(const RetentionSettings& settings, const Parts& parts);
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  /// After a crash: removes the files of rows that had gone to the garbage. Once, before Filing begins.
  void recover();

  void start(BetweenGroups between_groups, common::Liveness& liveness);
  void stop();
  /// Other limits, after start(); what was being deleted is finished.
  void change(const RetentionSettings& settings);

  struct Status {
    std::string state;                                    ///< "off", "on", or "at rest: " and why
    std::map<std::string, std::uint64_t> deleted_images;  ///< by reason, since the start
    std::map<std::string, std::uint64_t> deleted_batches;
    std::uint64_t deleted_bytes = 0;
    std::uint64_t undeletable_files = 0;  ///< tried again and again
  };
  Status status() const;

  /// One round; whether there may be more to do at once. Public for tests: the thread calls it.
  bool step(const BetweenGroups& between_groups);

 private:
  /// What was found at the last look around, less what has been deleted since.
  struct Plan {
    std::vector<ImageTotal> totals;  ///< those that may have something to delete; oldest last
    ClassRetention::Rooms over_max_gb;
    double free_bytes = 0;
    std::int64_t now_ns = 0;  ///< UTC
  };

  void start_thread();
  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  std::string state_now(const std::vector<std::int64_t>& newest, bool uncertain_times) const;
  void enter(const std::string& state);
  void look_around(const BetweenGroups& between_groups);
  void plan(std::vector<ImageTotal> totals);
  void change_rows();
  void restore(const Status& status);
  std::vector<std::string> move_to_garbage();
  void move_some(ImageTotal& total, std::int64_t until_ns, std::vector<std::string>& moved);
  void remove_files();
  bool delete_batches(const BetweenGroups& between_groups);
  double free_bytes(const char* folder) const;
  const char* reason_to_delete(const ImageTotal& total, std::int64_t received_ns) const;
  void deleted(const ImageTotal& total, const OldImage& image, const char* reason);

  RetentionSettings settings_;
  ImageStore& store_;
  Committer& committer_;
  Reserve& reserve_;
  Index& index_;
  common::FileSystem& files_;
  const common::Clock& clock_;
  Deletions deletions_;
  BatchRetention batches_;

  Plan plan_;
  std::vector<std::string> to_remove_;  ///< in the garbage, files still there
  std::vector<std::string> removed_;    ///< in the garbage, files gone
  bool batches_due_ = false;
  std::int64_t next_look_ns_ = 0;
  std::int64_t next_removal_ns_ = 0;
  BetweenGroups between_groups_;
  common::Liveness* liveness_ = nullptr;  ///< of start()

  mutable std::mutex mutex_;
  Status status_;

  std::mutex waiting_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace imagehub
