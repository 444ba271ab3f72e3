#include "imagehub/live/nodes.hpp"

#include <algorithm>

namespace imagehub {
namespace {

constexpr std::int64_t kRateSeconds = 10;

}  // namespace

Nodes::Nodes(const common::Clock& clock, std::int64_t patience_ns, const std::vector<common::NodeRecord>& known)
    : clock_(clock), patience_ns_(patience_ns) {
  for (const common::NodeRecord& row : known) nodes_[row.node] = {row, clock.monotonic_ns(), {}};
}

Nodes::Entry& Nodes::entry_of(const common::Message& message) {
  const bool room = nodes_.size() < kMaxNodes || nodes_.contains(message.node);
  const std::string& name = room ? message.node : "(too many nodes)";
  const auto [at, fresh] = nodes_.try_emplace(name);
  if (fresh) {
    at->second.row.node = name;
    at->second.row.first_seen_ns = clock_.utc_ns();
  }
  changed_.insert(name);
  return at->second;
}

void Nodes::seen(const common::Message& message) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entry_of(message);
  entry.row.last_seen_ns = clock_.utc_ns();
  entry.last_seen_monotonic_ns = clock_.monotonic_ns();
  if (!message.version.empty()) entry.row.version = message.version;
  if (!message.host.empty()) entry.row.host = message.host;
  if (const auto at = message.fields.find("heartbeat_s"); at != message.fields.end()) {
    entry.row.heartbeat_s = std::clamp(at->second, 0.0, 30.0 * 86'400);
  }
  if (entry.row.lost) {
    entry.row.lost = false;
    back_.push_back(entry.row.node + "|hub|back");
  }
  const std::int64_t second = entry.last_seen_monotonic_ns / common::kSecond;
  ++entry.messages_by_second[second];
  entry.messages_by_second.erase(entry.messages_by_second.begin(),
                                 entry.messages_by_second.lower_bound(second - kRateSeconds));
}

void Nodes::stored(const common::Message& message, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  common::NodeRecord& row = entry_of(message).row;
  const bool image =
      delivery_class(common::kind_of(message.text, message.boot.has_value())) == common::DeliveryClass::image;
  ++(image ? row.images : row.events);
  row.bytes += bytes;
}

void Nodes::excuse_silence() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : nodes_) entry.last_seen_monotonic_ns = clock_.monotonic_ns();
}

std::vector<std::string> Nodes::changes() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts = std::exchange(back_, {});
  const std::int64_t now = clock_.monotonic_ns();
  for (auto& [name, entry] : nodes_) {
    const auto announced = static_cast<std::int64_t>(3 * entry.row.heartbeat_s * common::kSecond);
    const std::int64_t silence = announced > 0 ? announced : patience_ns_;
    if (entry.row.lost || now - entry.last_seen_monotonic_ns <= silence) continue;
    entry.row.lost = true;
    changed_.insert(name);
    texts.push_back(name + "|hub|lost");
  }
  return texts;
}

std::vector<common::NodeRecord> Nodes::take_changed_rows() {
  const std::lock_guard lock(mutex_);
  std::vector<common::NodeRecord> rows;
  for (const auto& name : std::exchange(changed_, {})) rows.push_back(nodes_.at(name).row);
  return rows;
}

std::vector<NodeStatus> Nodes::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<NodeStatus> all;
  const std::int64_t now = clock_.monotonic_ns() / common::kSecond;
  for (const auto& [name, entry] : nodes_) {
    std::uint64_t messages = 0;
    for (const auto& [second, count] : entry.messages_by_second) {
      if (second >= now - kRateSeconds && second < now) messages += count;
    }
    all.push_back({entry.row, static_cast<double>(messages) / static_cast<double>(kRateSeconds)});
  }
  return all;
}

}  // namespace imagehub
