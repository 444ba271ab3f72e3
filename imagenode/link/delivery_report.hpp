#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>

#include "common/message.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {

/// What a keep-alive tells a hub of this start of the node, so that the hub can compare it with what it has: how many
/// messages it, by its own word, has stored, and the highest number among them; how many gave way or were set aside and
/// will never come. Counted by hub, so that neither another address nor an empty hub in the place of the old one looks
/// like a loss. Not thread-safe.
class DeliveryReport {
 public:
  /// A hub said that it has stored a message of the boot that the keep-alive names.
  void delivered(const std::string& hub, std::uint64_t seq) {
    // A hub that names itself anew each time must not cost memory; with smaller numbers none looks like a loss.
    if (delivered_.size() >= kMaxHubs && !delivered_.contains(hub)) delivered_.clear();
    Delivered& here = delivered_[hub];
    ++here.count;
    here.highest = std::max(here.highest, seq);
  }

  void add_to(common::Message& keep_alive, const std::string& hub, const OutboxCounts& counts) const {
    const auto sum = [](const auto& by_class) {
      return static_cast<double>(std::accumulate(by_class.begin(), by_class.end(), std::uint64_t{0}));
    };
    const auto at = delivered_.find(hub);
    const Delivered here = at == delivered_.end() ? Delivered{} : at->second;
    keep_alive.fields["delivered_here"] = static_cast<double>(here.count);
    keep_alive.fields["delivered_to"] = static_cast<double>(here.highest);
    keep_alive.fields["dropped"] = sum(counts.dropped);
    keep_alive.fields["set_aside"] = sum(counts.set_aside);
  }

 private:
  struct Delivered {
    std::uint64_t count = 0;
    std::uint64_t highest = 0;
  };

  static constexpr std::size_t kMaxHubs = 100;
  std::map<std::string, Delivered> delivered_;
};

}  // namespace imagenode
