#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace imagehub {

/// Remembers that texts were seen, in eight bytes each: a million of them fit anywhere. Two texts with one hash are
/// taken for the same, which with a million texts happens once in ten million runs. Not thread-safe.
class HashedSet {
 public:
  void add(std::string_view text) { hashes_.push_back(std::hash<std::string_view>{}(text)); }

  /// Call it when all are added, before contains() and doubles().
  void seal() { std::sort(hashes_.begin(), hashes_.end()); }

  bool contains(std::string_view text) const {
    return std::binary_search(hashes_.begin(), hashes_.end(), std::hash<std::string_view>{}(text));
  }

  /// Texts that were added more than once.
  HashedSet doubles() const {
    HashedSet found;
    for (auto at = hashes_.begin(); (at = std::adjacent_find(at, hashes_.end())) != hashes_.end(); ++at) {
      found.hashes_.push_back(*at);
    }
    return found;
  }
  bool empty() const { return hashes_.empty(); }

 private:
  std::vector<std::uint64_t> hashes_;
};

}  // namespace imagehub
