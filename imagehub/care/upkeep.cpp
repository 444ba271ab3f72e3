#include "imagehub/care/upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "common/database.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/index/index_reader.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kQuietFor = 5 * common::kSecond;
constexpr std::int64_t kPatience = 3600 * common::kSecond;
constexpr std::int64_t kRetry = 600 * common::kSecond;
constexpr std::int64_t kPauseAtWork = common::kSecond;
constexpr std::int64_t kPauseIdle = 30 * common::kSecond;

}  // namespace

Upkeep::Upkeep(const UpkeepSettings& settings, common::FileSystem& files, DataDirectory data,
               const common::Clock& clock, common::Liveness& liveness, Work work)
    : backups_(settings.backups), files_(files), data_(std::move(data)), clock_(clock), work_(std::move(work)) {
  status_.crc_pending = IndexReader(files_, data_.index()).images_without_crc();
  if (const auto backups = list_backups(files_, data_); !backups.empty()) {
    newest_day_ = backups.front().day;
    status_.last_backup_ns = backups.front().written_ns;
  }
  thread_ =
      common::start_thread(liveness, "upkeep", [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

Upkeep::~Upkeep() {
  thread_.request_stop();
}

Upkeep::Status Upkeep::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

/// All of it waits for the disk: a large index takes minutes, and nobody waits for this thread.
void Upkeep::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  const common::Liveness::Waiting waiting(self);
  while (!stop.stop_requested()) {
    if (backup_due()) back_up(stop);
    if (status().crc_pending > 0 && clock_.monotonic_ns() >= next_crc_try_ns_ && work_.quiet()) fill_crcs();
    const bool at_work = due_since_ns_ != 0 || status().crc_pending > 0;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, std::chrono::nanoseconds(at_work ? kPauseAtWork : kPauseIdle), [] { return false; });
  }
}

bool Upkeep::backup_due() {
  const std::int64_t now = clock_.monotonic_ns();
  if (backups_ == 0 || newest_day_ == common::local_date(clock_.utc_ns()) || now < next_try_ns_) {
    due_since_ns_ = quiet_since_ns_ = 0;
    return false;
  }
  if (due_since_ns_ == 0) due_since_ns_ = now;
  if (!work_.quiet()) {
    quiet_since_ns_ = 0;
  } else if (quiet_since_ns_ == 0) {
    quiet_since_ns_ = now;
  }
  return (quiet_since_ns_ != 0 && now - quiet_since_ns_ >= kQuietFor) || now - due_since_ns_ >= kPatience;
}

void Upkeep::back_up(const std::stop_token& stop) {
  due_since_ns_ = quiet_since_ns_ = 0;
  try {
    // What is left on a full disk is for events.
    const auto index = files_.info(data_.index());
    if (index && !work_.room(index->bytes)) throw std::runtime_error("the disk has no room for it");
    // The setting may have become 0 since the backup was found to be due.
    const auto keep = static_cast<std::size_t>(std::max(backups_.load(), 1));
    const auto backup = make_backup(files_, data_, clock_.utc_ns(), keep, stop);
    if (!backup) return;
    newest_day_ = backup->day;
    const std::lock_guard lock(mutex_);
    if (!status_.backup_problem.empty()) common::log::info("the index is backed up again");
    status_.last_backup_ns = backup->written_ns;
    status_.backup_problem.clear();
  } catch (const DamagedIndex& error) {
    next_try_ns_ = clock_.monotonic_ns() + kRetry;
    work_.damaged(error.what());
  } catch (const std::exception& error) {
    next_try_ns_ = clock_.monotonic_ns() + kRetry;
    const std::lock_guard lock(mutex_);
    ++status_.backup_failures;
    if (status_.backup_problem != error.what()) {
      common::log::error(cat("cannot back up the index: ", error.what(), "; tried again every ten minutes"));
    }
    status_.backup_problem = error.what();
  }
}

void Upkeep::fill_crcs() {
  try {
    if (!filler_) filler_.emplace(files_, data_);
    const std::uint64_t left = filler_->fill_some();
    const std::lock_guard lock(mutex_);
    status_.crc_pending = left;
  } catch (const std::exception& error) {
    next_crc_try_ns_ = clock_.monotonic_ns() + kRetry;
    if (common::is_corruption(error)) work_.damaged(error.what());
    common::log::warn(
        cat("cannot compute the CRCs of adopted pictures: ", error.what(), "; tried again in ten minutes"));
  }
}

}  // namespace imagehub
