#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/message.hpp"

namespace imagehub {

/// Order is kept within a lane: boot, class, late, and a number that gives each message of a plain sender its own.
using LaneKey = std::tuple<std::uint64_t, common::DeliveryClass, bool, std::uint64_t>;

/// After RETRY n every later message of the lane gets RETRY until n comes again, or the sender connects anew: it begins
/// each connection with the oldest that it still has, which may be behind n. What is left of an older connection may
/// come after that, and lifts nothing. Of senders with identity only. Not thread-safe.
class HeldLanes {
 public:
  /// Something of the lane came on this connection. Before everything else about it.
  void came(const LaneKey& lane, const std::string& connection);

  /// Number n of the lane, which came last on this connection, gets RETRY.
  void hold(const LaneKey& lane, std::uint64_t seq, const std::string& connection);

  /// The n from which the lane is held, if this message has to wait for it. A message that need not ends the hold.
  std::optional<std::uint64_t> held_from(const LaneKey& lane, std::uint64_t seq, const std::string& connection);

  /// Whether one connection began to bring this lane after the other.
  bool is_newer(const LaneKey& lane, const std::string& connection, const std::string& than) const;

 private:
  struct Held {
    std::uint64_t from_seq = 0;
    std::string connection;
  };
  /// The last that brought something of a lane, in the order in which they began to.
  using Connections = std::vector<std::string>;

  /// A sender that invents boots costs at most this many entries of each kind.
  static constexpr std::size_t kMaxLanes = 10'000;
  static constexpr std::size_t kMaxConnections = 8;

  std::map<LaneKey, Held> held_;
  std::map<LaneKey, Connections> connections_;
};

}  // namespace imagehub
