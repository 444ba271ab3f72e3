#include "imagehub/index/seq_ranges.hpp"

#include <algorithm>
#include <iterator>

#include "common/database.hpp"

namespace imagehub {

bool SeqRanges::contains(std::uint64_t seq) const {
  const auto next = ranges_.upper_bound(seq);
  return next != ranges_.begin() && std::prev(next)->second >= seq;
}

std::uint64_t SeqRanges::count_to(std::uint64_t last) const {
  std::uint64_t count = 0;
  for (const auto& [low, high] : ranges_) {
    if (low > last) break;
    count += std::min(high, last) - low + 1;
  }
  return count;
}

void SeqRanges::insert(std::uint64_t seq) {
  if (contains(seq)) return;
  std::uint64_t low = seq;
  std::uint64_t high = seq;
  const auto next = ranges_.upper_bound(seq);
  if (next != ranges_.begin() && std::prev(next)->second == seq - 1) low = std::prev(next)->first;
  if (next != ranges_.end() && next->first == seq + 1) {
    high = next->second;
    drop(next->first);
  }
  put(low, high);
}

void SeqRanges::insert(std::uint64_t low, std::uint64_t high) {
  auto at = ranges_.upper_bound(low);
  if (at != ranges_.begin() && std::prev(at)->second + 1 >= low) --at;
  while (at != ranges_.end() && at->first <= high + 1) {
    low = std::min(low, at->first);
    high = std::max(high, at->second);
    const std::uint64_t covered = at->first;
    ++at;
    drop(covered);
  }
  put(low, high);
}

void SeqRanges::load(std::uint64_t low, std::uint64_t high) {
  const auto next = ranges_.upper_bound(low);
  const bool behind_last = next == ranges_.begin() || std::prev(next)->second < low;
  const bool before_next = next == ranges_.end() || high < next->first;
  if (low == 0 || low > high || !behind_last || !before_next) {
    throw common::CorruptDatabase("the index is damaged: stored ranges of numbers overlap");
  }
  ranges_.emplace_hint(next, low, high);
}

void SeqRanges::erase(std::uint64_t seq) {
  if (!contains(seq)) return;
  const auto [low, high] = *std::prev(ranges_.upper_bound(seq));
  drop(low);
  if (low < seq) put(low, seq - 1);
  if (seq < high) put(seq + 1, high);
}

void SeqRanges::clear_changes() {
  changed_.clear();
  removed_.clear();
}

void SeqRanges::put(std::uint64_t low, std::uint64_t high) {
  ranges_[low] = high;
  changed_.insert(low);
  removed_.erase(low);
}

void SeqRanges::drop(std::uint64_t low) {
  ranges_.erase(low);
  changed_.erase(low);
  removed_.insert(low);
}

}  // namespace imagehub
