#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/node_record.hpp"

namespace imagehub {

/// What a node says of its messages since its start. Any sender can say anything.
struct DeliveryReport {
  std::string node;
  std::uint64_t boot = 0;
  std::uint64_t delivered_here = 0;  ///< acknowledged by this hub
  std::uint64_t delivered_to = 0;    ///< highest number among them
  std::uint64_t dropped = 0;         ///< gave way on the node
  std::uint64_t set_aside = 0;       ///< refused for ever, or never answered
};

/// What a hub knows of a node beyond its row.
struct NodeStatus {
  common::NodeRecord row;
  double messages_per_s = 0;             ///< mean of the last ten seconds
  std::optional<DeliveryReport> report;  ///< the last one; plain senders give none
  std::uint64_t missing = 0;             ///< of what the node said it delivered here
};

/// Who has sent, when, how much; and who has fallen silent. Thread-safe.
///
/// A node is lost after three times the heartbeat interval that it announced, without one after `patience`.
/// Each change is told once.
class Nodes {
 public:
  /// `known` are the nodes of earlier runs; their silence counts from now.
  Nodes(const common::Clock& clock, std::int64_t patience_ns, const std::vector<common::NodeRecord>& known);

  void set_patience(std::int64_t patience_ns);

  /// A message of a node has come (heartbeats included).
  void seen(const common::Message& message);
  /// It has been stored.
  void stored(const common::Message& message, std::uint64_t bytes);

  /// Reports that have come since the last call, at most `limit`: to be compared with what the index has.
  std::vector<DeliveryReport> take_reports(std::size_t limit);
  /// So many messages that this node delivered are not in the index.
  void missing(const std::string& node, std::uint64_t count);

  /// The hub does not read now, so silence says nothing: it counts anew from here.
  void excuse_silence();

  /// Texts of what has changed since the last call: "Barn|hub|lost", "Barn|hub|back",
  /// "Barn|hub|missing 3".
  std::vector<std::string> changes();

  /// Rows that changed since the last call, to be saved.
  std::vector<common::NodeRecord> take_changed_rows();

  std::vector<NodeStatus> status() const;

 private:
  struct Entry {
    common::NodeRecord row;
    std::int64_t last_seen_monotonic_ns = 0;
    std::map<std::int64_t, std::uint64_t> messages_by_second;  // the last ten or so
    std::optional<DeliveryReport> report;
    std::uint64_t missing = 0;
    std::uint64_t told_missing = 0;
    std::int64_t next_missing_ns = 0;  ///< not told again before: a sender may say another number each time
  };

  Entry& entry_of(const common::Message& message);

  /// A sender that invents names costs at most this many entries; further ones share one.
  static constexpr std::size_t kMaxNodes = 10'000;

  const common::Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t patience_ns_;
  std::map<std::string, Entry> nodes_;
  std::set<std::string> changed_;
  std::set<std::string> reported_;  ///< nodes whose report has not been compared
  std::vector<std::string> back_;
};

}  // namespace imagehub
