#pragma once

#include <cstdint>
#include <map>
#include <set>

namespace imagehub {

/// The sequence numbers of one boot that have been committed, as closed ranges: a node that loses nothing has one
/// range, however long it runs. Not thread-safe.
class SeqRanges {
 public:
  bool contains(std::uint64_t seq) const;
  /// How many there are up to this one.
  std::uint64_t count_to(std::uint64_t last) const;
  void insert(std::uint64_t seq);
  /// All from low to high.
  void insert(std::uint64_t low, std::uint64_t high);
  void erase(std::uint64_t seq);
  /// A range as it was stored; no change. Throws common::CorruptDatabase when it is none or overlaps another: such
  /// ranges would not hold what is put into them later.
  void load(std::uint64_t low, std::uint64_t high);

  const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }

  /// What has changed since the last clear_changes(): ranges to write, by low end, and low ends to delete first.
  const std::set<std::uint64_t>& changed() const { return changed_; }
  const std::set<std::uint64_t>& removed() const { return removed_; }
  void clear_changes();

 private:
  void put(std::uint64_t low, std::uint64_t high);
  void drop(std::uint64_t low);

  std::map<std::uint64_t, std::uint64_t> ranges_;
  std::set<std::uint64_t> changed_;
  std::set<std::uint64_t> removed_;
};

}  // namespace imagehub
