#include "imagehub/live/nodes.hpp"

#include <algorithm>

namespace imagehub {
namespace {

constexpr std::int64_t kRateSeconds = 10;
constexpr std::int64_t kMissingInterval = 60 * common::kSecond;

/// A number that somebody claims; nothing when it is no count.
std::optional<std::uint64_t> count_of(const common::Message& message, const char* field) {
  constexpr double kLargestExact = 9'007'199'254'740'992;  // 2^53
  const auto at = message.fields.find(field);
  if (at == message.fields.end() || !(at->second >= 0 && at->second <= kLargestExact)) return std::nullopt;
  return static_cast<std::uint64_t>(at->second);
}

std::optional<DeliveryReport> report_of(const common::Message& message) {
  const auto delivered = count_of(message, "delivered_here");
  const auto delivered_to = count_of(message, "delivered_to");
  if (!message.boot || !delivered || !delivered_to) return std::nullopt;
  return DeliveryReport{message.node,
                        *message.boot,
                        *delivered,
                        *delivered_to,
                        count_of(message, "dropped").value_or(0),
                        count_of(message, "set_aside").value_or(0)};
}

}  // namespace

Nodes::Nodes(const common::Clock& clock, std::int64_t patience_ns, const std::vector<common::NodeRecord>& known)
    : clock_(clock), patience_ns_(patience_ns) {
  for (const common::NodeRecord& row : known) {
    Entry& entry = nodes_[row.node];
    entry.row = row;
    entry.last_seen_monotonic_ns = clock.monotonic_ns();
  }
}

void Nodes::set_patience(std::int64_t patience_ns) {
  const std::lock_guard lock(mutex_);
  patience_ns_ = patience_ns;
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
  const bool heartbeat = common::kind_of(message.text, message.boot.has_value()) == common::Kind::heartbeat;
  if (auto report = heartbeat ? report_of(message) : std::nullopt; report && entry.row.node == message.node) {
    entry.report = std::move(report);
    reported_.insert(message.node);
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
  const auto delivery_class = common::delivery_class(common::kind_of(message.text, message.boot.has_value()));
  if (delivery_class == common::DeliveryClass::image) ++row.images;
  if (delivery_class == common::DeliveryClass::event) ++row.events;
  row.bytes += bytes;
}

std::vector<DeliveryReport> Nodes::take_reports(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<DeliveryReport> reports;
  while (!reported_.empty() && reports.size() < limit) {
    reports.push_back(*nodes_.at(*reported_.begin()).report);
    reported_.erase(reported_.begin());
  }
  return reports;
}

void Nodes::missing(const std::string& node, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  nodes_.at(node).missing = count;
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
    if (entry.missing != entry.told_missing && now >= entry.next_missing_ns) {
      entry.told_missing = entry.missing;
      entry.next_missing_ns = now + kMissingInterval;
      if (entry.missing > 0) texts.push_back(name + "|hub|missing " + std::to_string(entry.missing));
    }
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
    all.push_back(
        {entry.row, static_cast<double>(messages) / static_cast<double>(kRateSeconds), entry.report, entry.missing});
  }
  return all;
}

}  // namespace imagehub
