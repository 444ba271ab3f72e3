#include "imagehub/live/live_views.hpp"

#include <algorithm>

namespace imagehub {

void LiveViews::add(const common::Message& message, common::Kind kind) {
  const std::lock_guard lock(mutex_);
  const std::pair name(message.node, message.view);
  if (entries_.size() >= kMaxViews && !entries_.contains(name)) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& a, const auto& b) { return a.second.last_ns < b.second.last_ns; }));
  }
  Entry& entry = entries_[name];
  entry.last_ns = clock_.monotonic_ns();
  entry.demo = message.demo;
  if (kind != common::Kind::event) {
    entry.picture_ns = entry.last_ns;
    return;
  }
  entry.event = message.text.substr(0, kMaxEventBytes);
  entry.event_ns = entry.last_ns;
}

std::vector<LiveViews::View> LiveViews::all() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  const auto age = [now](const std::optional<std::int64_t>& since_ns) {
    return since_ns ? std::optional(static_cast<double>(now - *since_ns) / 1e9) : std::nullopt;
  };
  std::vector<View> all;
  for (const auto& [name, entry] : entries_) {
    all.push_back({name.first, name.second, entry.event, age(entry.event_ns), age(entry.picture_ns), entry.demo});
  }
  return all;
}

}  // namespace imagehub
