#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/command_record.hpp"
#include "common/message.hpp"

namespace imagehub {

/// Commands to nodes: which one goes to whom and when, what became of it, and when it is forgotten. Thread-safe. What
/// must survive a restart is in the index (CommandTable).
class NodeCommands {
 public:
  using Record = common::CommandRecord;

  /// `known` are those of earlier runs, the oldest first.
  NodeCommands(const common::Clock& clock, std::int64_t ttl_ns, const std::vector<Record>& known);

  /// A new command with an id of its own. Random, not counted: a node remembers ids, and would take those of a new
  /// index for old ones. Throws std::runtime_error, with what to do, when it cannot be taken.
  Record made(const std::string& node, const std::string& text) const;
  /// From now on it is given to its node.
  void add(const Record& record);

  /// The one command to send beside the reply to this message, if any. A sender is told commands once it has sent a
  /// keep-alive of an imagenode: other senders could not tell them from replies. Each goes out once at any message,
  /// then again at each keep-alive until its node reports.
  std::optional<Record> due(const common::Message& message);

  /// What the record becomes by this message; nothing when it is no report of an open command.
  std::optional<Record> reported_in(const common::Message& message) const;
  void reported(const Record& record);

  /// How long each is kept, those that there are included.
  void set_ttl(std::int64_t ttl_ns);
  bool has_old() const;
  /// Those that are older than their time, which are forgotten by this.
  std::vector<Record> take_old();

  /// All, the oldest first.
  std::vector<Record> all() const;

  static constexpr std::size_t kMaxOpenPerNode = 100;
  static constexpr std::size_t kMaxRecords = 10'000;

 private:
  struct Entry {
    Record record;
    std::int64_t forget_ns = 0;  ///< monotonic: the clock may be set while it waits
    std::uint64_t sent = 0;      ///< number of its last sending; 0: never
    std::uint64_t boot = 0;      ///< the start of the node that it was sent to
  };
  std::uint64_t free_id() const;

  const common::Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t ttl_ns_;
  std::list<Entry> entries_;
  std::map<std::string, std::uint64_t> greeted_;  ///< boot of each node's last keep-alive
  std::uint64_t sendings_ = 0;
};

/// Of a node's or sender's name for its version: whether commands can be given to it.
bool takes_commands(const std::string& version);

}  // namespace imagehub
