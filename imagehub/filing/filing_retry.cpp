#include <algorithm>

#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/filing/filing.hpp"

// What becomes of messages that cannot be stored now.

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kFirstRetry = common::kSecond;
constexpr std::int64_t kLastRetry = 60 * common::kSecond;

std::int64_t back_off(int tries) {
  return std::min(kFirstRetry << std::min(tries, 6), kLastRetry);
}

}  // namespace

void Filing::fail(const ItemPtr& item, const Outcome& why) {
  committer_.discard(item->candidate);
  const auto identity = identity_of(*item->candidate.message);
  if (identity || !item->received.sender_waits) {
    if (identity) {
      const std::lock_guard lock(mutex_);
      hold_lane(*item);
    }
    finish(item, why);
    return;
  }
  if (const auto given_up = wait_to_retry(item, why)) {
    finish(item, {Outcome::Kind::dropped, *given_up, {}});
  } else if (item->tries == 1) {
    if (const auto held_back = gate_.pass(why.reason, clock_.monotonic_ns())) {
      common::log::error(cat("cannot store a message now, its sender waits: ", why.detail,
                             *held_back > 0 ? cat(" (and ", *held_back, " more)") : ""));
    }
    if (item->received.ticket) report_(*item->received.ticket, {Outcome::Kind::waits, why.reason, why.detail});
  }
}

/// Why it was given up, in the place of waiting, if it was.
std::optional<std::string> Filing::wait_to_retry(const ItemPtr& item, const Outcome& why) {
  const std::lock_guard lock(mutex_);
  // What has its row already will be there.
  if (item->given_up && !item->candidate.committed) return item->given_up;
  item->try_again_ns = clock_.monotonic_ns() + back_off(item->tries++);
  waiting_to_retry_.push_back(item);
  if (item->received.ticket) {
    patient_[*item->received.ticket] = item;
    // SQLite has other words for a full disk; the reserve knows.
    const bool wants_room = why.reason == Outcome::kDiskFull || committer_.disk_full();
    if (wants_room && !item->wants_room) ++wait_for_room_;
    if (!wants_room && item->wants_room) --wait_for_room_;
    item->wants_room = wants_room;
  }
  --unanswered_;
  emptied_.notify_all();
  return std::nullopt;
}

void Filing::resubmit_due(std::int64_t now_ns) {
  const auto due = std::stable_partition(waiting_to_retry_.begin(), waiting_to_retry_.end(),
                                         [&](const ItemPtr& item) { return item->try_again_ns > now_ns; });
  for (auto at = due; at != waiting_to_retry_.end(); ++at) {
    lanes_[(*at)->lane].items.push_back(*at);
    ++unanswered_;
    enqueue(*at);
  }
  waiting_to_retry_.erase(due, waiting_to_retry_.end());
}

void Filing::retry_now() {
  {
    const std::lock_guard lock(mutex_);
    if (wait_for_room_ == 0) return;
    for (const ItemPtr& item : waiting_to_retry_) {
      if (item->wants_room) item->try_again_ns = 0;
    }
  }
  ready_changed_.notify_one();
}

void Filing::give_up(Ticket ticket, const std::string& reason) {
  ItemPtr item;
  {
    const std::lock_guard lock(mutex_);
    const auto at = patient_.find(ticket);
    if (at == patient_.end()) return;
    at->second->given_up = reason;
    const auto waiting = std::find(waiting_to_retry_.begin(), waiting_to_retry_.end(), at->second);
    // What is being tried comes to fail() when it cannot be stored.
    if (waiting == waiting_to_retry_.end() || at->second->candidate.committed) return;
    item = at->second;
    waiting_to_retry_.erase(waiting);
    ++unanswered_;
  }
  finish(item, {Outcome::Kind::dropped, reason, {}});
}

}  // namespace imagehub
