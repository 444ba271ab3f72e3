#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "common/message.hpp"
#include "imagenode/link/identity.hpp"

namespace imagenode {

/// What was sent on this connection and is not answered yet, in the order of sending. Not thread-safe.
class InFlight {
 public:
  struct Entry {
    Identity identity;  ///< without number: a keep-alive, heartbeat or tuning image
    common::DeliveryClass delivery_class = common::DeliveryClass::event;
    std::uint64_t bytes = 0;
    bool of_backlog = false;
    bool shown = false;  ///< only that: rows for who looks on, or anything in a demo

    bool numbered() const { return identity.seq != 0; }
  };

  void add(const Entry& entry) {
    entries_.push_back(entry);
    bytes_ += entry.bytes;
  }

  /// No two have the same number. Takes out the entry with this one; with 0 the oldest of those that have none.
  std::optional<Entry> take(std::uint64_t seq) {
    return remove(
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.identity.seq == seq; }));
  }
  std::optional<Entry> take_oldest() { return remove(entries_.begin()); }

  /// The oldest that has a number.
  std::optional<Identity> oldest() const {
    for (const Entry& entry : entries_) {
      if (entry.numbered()) return entry.identity;
    }
    return std::nullopt;
  }

  bool has(std::uint64_t seq) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.identity.seq == seq; });
  }

  bool has(common::DeliveryClass delivery_class) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.numbered() && entry.delivery_class == delivery_class; });
  }
  std::size_t numbered() const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.numbered(); }));
  }
  std::size_t shown() const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.shown; }));
  }
  std::size_t shown_bytes() const {
    std::size_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.shown ? entry.bytes : 0;
    return sum;
  }
  std::size_t unnumbered() const { return entries_.size() - numbered(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t late_bytes() const {
    std::uint64_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.of_backlog ? entry.bytes : 0;
    return sum;
  }

 private:
  std::optional<Entry> remove(const std::deque<Entry>::const_iterator& at) {
    if (at == entries_.end()) return std::nullopt;
    const Entry entry = *at;
    bytes_ -= entry.bytes;
    entries_.erase(at);
    return entry;
  }

  std::deque<Entry> entries_;
  std::uint64_t bytes_ = 0;
};

}  // namespace imagenode
