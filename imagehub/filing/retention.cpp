#include "imagehub/filing/retention.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/filing/not_mounted.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kDay = 86'400 * common::kSecond;
constexpr std::int64_t kLookInterval = 5 * common::kSecond;
constexpr std::int64_t kRemovalInterval = 60 * common::kSecond;
/// Rows moved in one transaction: it takes the committing thread a few milliseconds.
constexpr std::size_t kMaxRows = 128;
/// While so many files cannot be removed, no more rows go.
constexpr std::size_t kMaxStuck = 256;
constexpr std::size_t kTotalsAtOnce = 256;
/// More nodes than a farm ever has; those behind them are not looked at.
constexpr std::size_t kMaxTotals = 100'000;
/// Leaves the disk to the writers between two rounds.
constexpr std::chrono::milliseconds kPause{50};

}  // namespace

Retention::Retention(const RetentionSettings& settings, const Parts& parts)
    : settings_(settings),
      store_(parts.store),
      committer_(parts.committer),
      reserve_(parts.reserve),
      index_(parts.index),
      files_(parts.files),
      clock_(parts.clock),
      deletions_(parts.index),
      batches_(parts.index, parts.batch_store, parts.reserve) {
  status_.state = settings_.any() ? "on" : "off";
}

Retention::~Retention() {
  stop();
}

std::vector<std::string> finish_deletions(Index& index, ImageStore& store, bool files_are_lost) {
  Deletions deletions(index);
  if (deletions.garbage().empty()) return {};
  if (!files_are_lost) require_pictures(index, store);
  {
    Index::Transaction transaction(index);
    deletions.spare_adopted();
    transaction.commit();
  }
  const auto paths = deletions.garbage();
  ImageStore::Removal removal = store.remove(paths);
  const std::set<std::string> failed(removal.failed.begin(), removal.failed.end());
  std::set<std::string> days;
  Index::Transaction transaction(index);
  for (const std::string& path : paths) {
    if (failed.contains(path)) continue;
    deletions.forget_garbage(path);
    days.insert(std::filesystem::path(path).parent_path().string());
  }
  transaction.commit();
  for (const std::string& day : days) store.remove_empty_day(day);
  common::log::info(
      cat("after the last stop: removed ", paths.size() - failed.size(), " files that were being deleted"));
  if (!failed.empty()) common::log::error(cat("cannot remove ", failed.size(), " files: ", removal.why));
  return std::move(removal.failed);
}

void Retention::recover() {
  reserve_.spend([&] { to_remove_ = finish_deletions(index_, store_); });
  batches_.recover();
  for (const std::string& path : to_remove_) store_.hold_name(path);
  const std::lock_guard lock(mutex_);
  status_.undeletable_files = to_remove_.size();
}

void Retention::start(BetweenGroups between_groups, common::Liveness& liveness) {
  between_groups_ = std::move(between_groups);
  liveness_ = &liveness;
  start_thread();
}

void Retention::start_thread() {
  if (!settings_.any() && to_remove_.empty() && removed_.empty()) return;
  thread_ = common::start_thread(*liveness_, "retention",
                                 [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

void Retention::change(const RetentionSettings& settings) {
  stop();
  settings_ = settings;
  plan_ = {};
  next_look_ns_ = 0;
  if (!settings_.any()) enter("off");
  if (liveness_ != nullptr) start_thread();
}

void Retention::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Retention::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  common::RateGate gate(60 * common::kSecond);
  while (!stop.stop_requested()) {
    bool more = false;
    try {
      more = step(between_groups_);
    } catch (const std::exception& error) {
      if (gate.pass(error.what(), clock_.monotonic_ns())) {
        common::log::error(cat("retention: ", error.what(), "; tried again in 5 s"));
      }
    }
    const common::Liveness::Waiting waiting(self);
    std::unique_lock lock(waiting_);
    wake_.wait_for(lock, stop, more ? kPause : std::chrono::nanoseconds(kLookInterval), [] { return false; });
  }
}

bool Retention::step(const BetweenGroups& between_groups) {
  if (!to_remove_.empty() && clock_.monotonic_ns() >= next_removal_ns_) remove_files();
  if (settings_.any() && clock_.monotonic_ns() >= next_look_ns_) {
    next_look_ns_ = clock_.monotonic_ns() + kLookInterval;
    look_around(between_groups);
  }
  if (plan_.totals.empty() && removed_.empty()) return batches_due_ && delete_batches(between_groups);
  between_groups([this] { change_rows(); });
  remove_files();
  return !plan_.totals.empty() || !removed_.empty() || batches_due_;
}

/// A few; whether there are more.
bool Retention::delete_batches(const BetweenGroups& between_groups) {
  batches_due_ = false;
  BatchRetention::Deleted deleted;
  between_groups([&] {
    // The clock may have lost its time since.
    if (!committer_.uncertain_times()) deleted = batches_.round(settings_, plan_.now_ns, free_bytes("data"));
  });
  batches_due_ = deleted.more;
  const std::lock_guard lock(mutex_);
  for (const auto& [reason, count] : deleted.batches) {
    if (status_.deleted_batches[reason] == 0) {
      common::log::info(cat("retention deletes the oldest rows because of ", reason, "; status counts their batches"));
    }
    status_.deleted_batches[reason] += count;
  }
  status_.deleted_bytes += deleted.bytes;
  if (!deleted.failure.empty()) throw std::runtime_error("cannot remove old rows: " + deleted.failure);
  return batches_due_;
}

/// Sums and ages of all nodes, a bounded number in each task.
void Retention::look_around(const BetweenGroups& between_groups) {
  plan_.totals.clear();
  std::vector<std::int64_t> newest;
  bool uncertain_times = false;
  between_groups([&] {
    newest = deletions_.newest_received_ns();
    uncertain_times = committer_.uncertain_times();
  });
  const std::string state = state_now(newest, uncertain_times);
  enter(state);
  batches_due_ = state == "on" && settings_.data.any();
  plan_.now_ns = clock_.utc_ns();
  if (state != "on" || !settings_.images.any()) return;
  std::vector<ImageTotal> totals;
  for (bool more = true; more && totals.size() < kMaxTotals;) {
    between_groups([&] {
      auto next = deletions_.totals(totals.empty() ? nullptr : &totals.back(), kTotalsAtOnce);
      more = next.size() == kTotalsAtOnce;
      totals.insert(totals.end(), std::make_move_iterator(next.begin()), std::make_move_iterator(next.end()));
    });
  }
  plan(std::move(totals));
}

std::string Retention::state_now(const std::vector<std::int64_t>& newest, bool uncertain_times) const {
  if (!settings_.any()) return "off";
  if (!clock_.synchronised()) return "at rest: the clock is not synchronised";
  if (uncertain_times) return "at rest: receive times are corrected after the clock was set";
  const std::int64_t now = clock_.utc_ns();
  const auto near = [&](std::int64_t received_ns) { return std::abs(now - received_ns) <= kDay; };
  if (!newest.empty() && std::none_of(newest.begin(), newest.end(), near)) {
    return "at rest: the clock is more than a day away from the newest row";
  }
  return "on";
}

void Retention::enter(const std::string& state) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.state == state) return;
    status_.state = state;
  }
  state == "on" ? common::log::info("retention is on") : common::log::warn("retention is " + state);
}

/// Of the disk on which this folder lies, or will lie.
double Retention::free_bytes(const char* folder) const {
  const Reserve::Status reserve = reserve_.status();
  const std::filesystem::path path = store_.folder().parent_path() / folder;
  return static_cast<double>(files_.space(common::exists(files_, path) ? path : path.parent_path()).free_bytes) -
         static_cast<double>(reserve.bytes - reserve.bytes_left);
}

void Retention::plan(std::vector<ImageTotal> totals) {
  if (!settings_.include_adopted) std::erase_if(totals, [](const ImageTotal& total) { return total.adopted; });
  plan_ = {};
  plan_.now_ns = clock_.utc_ns();
  plan_.free_bytes = free_bytes("images");
  for (const ImageTotal& total : totals) {
    plan_.over_max_gb[settings_.images.room_of(total.node)] += static_cast<double>(total.bytes);
  }
  settings_.images.take_max_gb(plan_.over_max_gb);
  std::erase_if(
      totals, [this](const ImageTotal& total) { return reason_to_delete(total, total.oldest_received_ns) == nullptr; });
  std::sort(totals.begin(), totals.end(),
            [](const ImageTotal& a, const ImageTotal& b) { return a.oldest_received_ns > b.oldest_received_ns; });
  plan_.totals = std::move(totals);
}

const char* Retention::reason_to_delete(const ImageTotal& total, std::int64_t received_ns) const {
  return settings_.images.reason_to_delete(total.node, received_ns, plan_.now_ns, plan_.over_max_gb, plan_.free_bytes);
}

/// On the thread that commits: what is removed leaves the garbage, what is next goes there, in one transaction.
void Retention::change_rows() {
  // The clock may have lost its time since the plan was made.
  if (committer_.uncertain_times()) plan_.totals.clear();
  std::vector<std::string> moved;
  const Plan plan_before = plan_;
  const Status status_before = status();
  try {
    reserve_.spend([&] {
      plan_ = plan_before;
      restore(status_before);
      Index::Transaction transaction(index_);
      for (const std::string& path : removed_) deletions_.forget_garbage(path);
      moved = move_to_garbage();
      transaction.commit();
    });
  } catch (...) {
    plan_.totals.clear();
    restore(status_before);
    throw;
  }
  std::set<std::string> days;
  for (const std::string& path : removed_) {
    store_.release_name(path);
    days.insert(std::filesystem::path(path).parent_path().string());
  }
  removed_.clear();
  for (const std::string& path : moved) store_.hold_name(path);
  to_remove_.insert(to_remove_.end(), moved.begin(), moved.end());
  if (!moved.empty()) next_removal_ns_ = 0;
  if (!committer_.all_finished()) return;
  for (const std::string& day : days) store_.remove_empty_day(day);
}

void Retention::restore(const Status& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
}

std::vector<std::string> Retention::move_to_garbage() {
  std::vector<std::string> moved;
  while (!plan_.totals.empty() && moved.size() < kMaxRows && to_remove_.size() < kMaxStuck) {
    ImageTotal total = std::move(plan_.totals.back());
    plan_.totals.pop_back();
    const std::size_t before = moved.size();
    move_some(total, plan_.totals.empty() ? INT64_MAX : plan_.totals.back().oldest_received_ns, moved);
    if (moved.size() == before) continue;  // nothing more of this one is to go
    const auto next = deletions_.oldest(total.node, total.adopted, INT64_MAX, committer_.finished_image_id(), 1);
    if (next.empty()) continue;
    total.oldest_received_ns = next.front().received_ns;
    const auto younger = [&](const ImageTotal& other) { return other.oldest_received_ns > total.oldest_received_ns; };
    plan_.totals.insert(std::find_if_not(plan_.totals.begin(), plan_.totals.end(), younger), std::move(total));
  }
  if (to_remove_.size() >= kMaxStuck) plan_.totals.clear();
  return moved;
}

/// The oldest of one node, as long as there is a reason and no other node has older ones.
void Retention::move_some(ImageTotal& total, std::int64_t until_ns, std::vector<std::string>& moved) {
  const auto rows =
      deletions_.oldest(total.node, total.adopted, until_ns, committer_.finished_image_id(), kMaxRows - moved.size());
  for (const OldImage& image : rows) {
    const char* reason = reason_to_delete(total, image.received_ns);
    if (reason == nullptr) return;
    deletions_.to_garbage(image);
    moved.push_back(image.path);
    deleted(total, image, reason);
  }
}

void Retention::deleted(const ImageTotal& total, const OldImage& image, const char* reason) {
  plan_.over_max_gb[settings_.images.room_of(total.node)] -= static_cast<double>(image.bytes);
  plan_.free_bytes += static_cast<double>(image.bytes);
  const std::lock_guard lock(mutex_);
  if (++status_.deleted_images[reason] == 1) {
    common::log::info(cat("retention deletes the oldest images because of ", reason, "; status counts them"));
  }
  status_.deleted_bytes += image.bytes;
}

void Retention::remove_files() {
  if (to_remove_.empty()) return;
  ImageStore::Removal removal = store_.remove(to_remove_);
  const std::set<std::string> failed(removal.failed.begin(), removal.failed.end());
  for (std::string& path : to_remove_) {
    if (!failed.contains(path)) removed_.push_back(std::move(path));
  }
  to_remove_ = std::move(removal.failed);
  next_removal_ns_ = clock_.monotonic_ns() + kRemovalInterval;
  const std::lock_guard lock(mutex_);
  if (status_.undeletable_files == 0 && !to_remove_.empty()) {
    common::log::error(
        cat("retention cannot remove ", to_remove_.size(), " files: ", removal.why, "; tried again every minute"));
  }
  status_.undeletable_files = to_remove_.size();
}

Retention::Status Retention::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace imagehub
