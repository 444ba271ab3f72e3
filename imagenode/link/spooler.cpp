#include "imagenode/link/spooler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/database.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::DeliveryClass;

constexpr std::int64_t kFirstBackOff = common::kSecond;
constexpr std::int64_t kLongestBackOff = 60 * common::kSecond;
constexpr std::int64_t kLongestWait = 3600 * common::kSecond;
constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::array kSendOrder{DeliveryClass::event, DeliveryClass::data, DeliveryClass::image};
constexpr std::array kGiveWay{DeliveryClass::image, DeliveryClass::data, DeliveryClass::event};

}  // namespace

Spooler::Spooler(const SpoolerSettings& settings, std::uint64_t boot, Outbox& outbox, common::FileSystem& files,
                 const common::Clock& clock, Report report)
    : settings_(settings),
      damaged_(settings.file.string() + ".damaged"),
      boot_(boot),
      kernel_(kernel_boot_id()),
      outbox_(outbox),
      files_(files),
      clock_(clock),
      report_(std::move(report)),
      lock_("imagenode-spool:" + settings.file.string(), "the spool " + settings.file.string()) {
  outbox_.on_spool_work([this] { wake(); });
}

Spooler::~Spooler() {
  thread_.request_stop();
  wake();
}

void Spooler::start(common::Liveness& liveness) {
  thread_ =
      common::start_thread(liveness, "spool", [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

void Spooler::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

SpoolerStatus Spooler::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Spooler::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  // A disk that hangs costs the spool, not the program: memory goes on being used, and a restart would help nobody.
  const common::Liveness::Waiting waiting(self);
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      woken_ = false;
    }
    const std::int64_t next_ns = work();
    const std::int64_t wait_ns = std::clamp<std::int64_t>(next_ns - clock_.monotonic_ns(), 0, kLongestWait);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::nanoseconds(wait_ns), [&] { return woken_; });
  }
  if (writes_all_at_end_) write_all();
}

void Spooler::begin_stop(std::int64_t by_ns) {
  stop_by_ns_ = by_ns;
  writes_all_at_end_ = true;
  thread_.request_stop();
}

std::uint64_t Spooler::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  write_all();
  return outbox_.only_in_memory();
}

void Spooler::write_all() {
  // Once more, whatever the disk said before.
  try_again_ns_ = 0;
  work(true);
  if (!failing_ && outbox_.only_in_memory() > 0) work(true);  // the file was corrupt
}

std::int64_t Spooler::work(bool all) {
  const std::int64_t now = clock_.monotonic_ns();
  if (now < try_again_ns_) {
    read_while_failing();
    return try_again_ns_;
  }
  std::int64_t next_ns = INT64_MAX;
  try {
    proved_ = !spool_;
    if (!spool_) open_file();
    next_ns = work_on_file(now, all);
    // Having had nothing to write says nothing about the disk.
    if (failing_ && !proved_) spool_->try_writing();
    worked();
  } catch (const common::CorruptDatabase& error) {
    replace_corrupt(error.what(), now);
    next_ns = now + kFirstBackOff;
  } catch (const std::exception& error) {
    failed(error.what(), now);
  }
  publish();
  return now < try_again_ns_ ? try_again_ns_ : next_ns;
}

void Spooler::open_file() {
  const bool damaged = begin_salvage();
  auto spool = std::make_unique<Spool>(files_, settings_.file, boot_, kernel_, clock_);
  if (damaged) salvage(*spool);
  spool_ = std::move(spool);
  if (const std::uint64_t half = half_of_free_space(); half < wanted_bytes()) {
    common::log::warn(cat("spool: max_mb is ", settings_.max_mb, ", but half of the free space is ", half / kMegabyte,
                          " MB; more is not used"));
  }
  if (const auto waiting = spool_->counts().total(); waiting > 0) {
    common::log::info(cat("spool ", settings_.file.string(), ": ", waiting, " messages wait there for a hub"));
  }
}

std::uint64_t Spooler::wanted_bytes() const {
  return static_cast<std::uint64_t>(settings_.max_mb) * kMegabyte;
}

/// Of the space that would be free without this spool.
std::uint64_t Spooler::half_of_free_space() const {
  const auto info = files_.info(settings_.file);
  return (files_.space(settings_.file.parent_path()).free_bytes + (info ? info->bytes : 0)) / 2;
}

std::int64_t Spooler::work_on_file(std::int64_t now_ns, bool all) {
  for (;;) {
    if (all && clock_.monotonic_ns() >= stop_by_ns_) return now_ns;  // what is left is counted as lost
    auto work = outbox_.spool_work(now_ns, all);
    const bool pending = !to_remove_.empty() || !to_set_aside_.empty();
    if (work.nothing() && !pending) {
      read_ahead();
      if (std::exchange(had_messages_, spool_->counts().total() > 0) && !had_messages_) spool_->shrink();
      return work.next_ns;
    }
    carry_out(work);
    proved_ = true;
    publish();
  }
}

void Spooler::carry_out(Outbox::SpoolWork& work) {
  to_remove_.insert(to_remove_.end(), work.remove.begin(), work.remove.end());
  for (auto& refused : work.refused) {
    if (to_set_aside_.size() < Outbox::kMaxRefused) {
      to_set_aside_.push_back(std::move(refused));
    } else {
      to_remove_.push_back(identity_of(*refused.message));
      common::log::warn(cat("spool: refused message ", to_remove_.back().seq, " is not kept: the disk takes nothing"));
    }
  }
  std::uint64_t before = 0;
  try {
    if (!to_remove_.empty()) spool_->remove(to_remove_);
    to_remove_.clear();
    before = spool_->counts().bytes;
    if (!work.store.empty()) spool_->append(work.store);
  } catch (...) {
    outbox_.not_stored(work.store);
    throw;
  }
  outbox_.stored(work.store);
  make_room(before);
  for (; !to_set_aside_.empty(); to_set_aside_.pop_back()) {
    spool_->set_aside(*to_set_aside_.back().message, to_set_aside_.back().reason);
  }
}

/// When somebody else fills the disk, the spool does not grow any more; but what it holds does not give way for that.
void Spooler::make_room(std::uint64_t bytes_before) {
  const std::uint64_t max_bytes = std::min(wanted_bytes(), std::max(half_of_free_space(), bytes_before));
  for (const DeliveryClass delivery_class : kGiveWay) {
    const std::uint64_t bytes = spool_->counts().bytes;
    if (bytes <= max_bytes) return;
    const auto oldest = spool_->oldest(delivery_class, bytes - max_bytes, outbox_.sent());
    spool_->remove(outbox_.give_up(delivery_class, oldest));
  }
}

void Spooler::read_ahead() {
  const auto order = outbox_.newest_first() ? Spool::Order::newest_first : Spool::Order::oldest_first;
  for (const DeliveryClass delivery_class : kSendOrder) {
    if (!outbox_.wants_late(delivery_class)) continue;
    auto skip = outbox_.read_ahead(delivery_class);
    if (spool_->counts().late[index_of(delivery_class)] <= skip.size()) continue;
    skip.insert(to_remove_.begin(), to_remove_.end());
    for (const auto& refused : to_set_aside_) skip.insert(identity_of(*refused.message));
    const auto delivered = outbox_.to_remove();
    skip.insert(delivered.begin(), delivered.end());
    outbox_.add_late(delivery_class,
                     spool_->read(delivery_class, order, skip, Outbox::kReadAheadMessages, Outbox::kReadAheadBytes));
  }
  if (spool_->damaged() == told_damaged_) return;
  common::log::error(cat("spool: ", spool_->damaged() - told_damaged_,
                         " messages could not be read back whole and are lost; is the disk all right?"));
  told_damaged_ = spool_->damaged();
  report_(cat("damaged|", told_damaged_));
}

void Spooler::failed(const std::string& why, std::int64_t now_ns) {
  back_off_ns_ = std::clamp(back_off_ns_ * 2, kFirstBackOff, kLongestBackOff);
  try_again_ns_ = now_ns + back_off_ns_;
  if (!std::exchange(failing_, true)) {
    common::log::error(cat("spool: ", why, "; messages stay in memory, the spool is tried again"));
    report_(cat("failing|", common::escaped(why)));
  }
  read_while_failing();
}

/// A disk that takes nothing may still give. When it does not, the file is opened anew.
void Spooler::read_while_failing() {
  if (!spool_) return;
  try {
    read_ahead();
  } catch (const std::exception&) {
    spool_.reset();
    told_damaged_ = 0;
  }
}

void Spooler::worked() {
  back_off_ns_ = 0;
  if (!std::exchange(failing_, false)) return;
  common::log::info("spool: written again");
  report_("working");
}

void Spooler::publish() {
  const std::lock_guard lock(mutex_);
  status_.failing = failing_;
  if (!spool_) return;
  status_.messages = spool_->counts().total();
  status_.bytes = spool_->counts().bytes;
}

}  // namespace imagenode
