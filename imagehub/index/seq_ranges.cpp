#include "imagehub/index/seq_ranges.hpp"

#include <iterator>

namespace imagehub {

bool SeqRanges::contains(std::uint64_t seq) const {
  const auto next = ranges_.upper_bound(seq);
  return next != ranges_.begin() && std::prev(next)->second >= seq;
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
