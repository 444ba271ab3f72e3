#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/node_record.hpp"

namespace imagehub {

/// What a hub knows of a node beyond its row.
struct NodeStatus {
  common::NodeRecord row;
  double messages_per_s = 0;  ///< mean of the last ten seconds
};

/// Who has sent, when, how much; and who has fallen silent. Thread-safe.
///
/// A node is lost after three times the heartbeat interval that it announced, without one after `patience`.
/// Each change is told once.
class Nodes {
 public:
  /// `known` are the nodes of earlier runs; their silence counts from now.
  Nodes(const common::Clock& clock, std::int64_t patience_ns, const std::vector<common::NodeRecord>& known);

  /// A message of a node has come (heartbeats included).
  void seen(const common::Message& message);
  /// It has been stored.
  void stored(const common::Message& message, std::uint64_t bytes);

  /// The hub does not read now, so silence says nothing: it counts anew from here.
  void excuse_silence();

  /// Texts of what has changed since the last call: "Barn|hub|lost", "Barn|hub|back".
  std::vector<std::string> changes();

  /// Rows that changed since the last call, to be saved.
  std::vector<common::NodeRecord> take_changed_rows();

  std::vector<NodeStatus> status() const;

 private:
  struct Entry {
    common::NodeRecord row;
    std::int64_t last_seen_monotonic_ns = 0;
    std::map<std::int64_t, std::uint64_t> messages_by_second;  // the last ten or so
  };

  Entry& entry_of(const common::Message& message);

  /// A sender that invents names costs at most this many entries; further ones share one.
  static constexpr std::size_t kMaxNodes = 10'000;

  const common::Clock& clock_;
  const std::int64_t patience_ns_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> nodes_;
  std::set<std::string> changed_;
  std::vector<std::string> back_;
};

}  // namespace imagehub
