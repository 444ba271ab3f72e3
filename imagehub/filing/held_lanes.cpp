#include "imagehub/filing/held_lanes.hpp"

#include <algorithm>

namespace imagehub {

void HeldLanes::came(const LaneKey& lane, const std::string& connection) {
  if (connections_.size() >= kMaxLanes && !connections_.contains(lane)) connections_.erase(connections_.begin());
  Connections& known = connections_[lane];
  if (std::find(known.begin(), known.end(), connection) != known.end()) return;
  if (known.size() == kMaxConnections) known.erase(known.begin());
  known.push_back(connection);
}

void HeldLanes::hold(const LaneKey& lane, std::uint64_t seq, const std::string& connection) {
  if (held_.size() >= kMaxLanes && !held_.contains(lane)) held_.erase(held_.begin());
  Held& held = held_.try_emplace(lane, Held{seq, connection}).first->second;
  if (is_newer(lane, connection, held.connection)) {
    held = {seq, connection};  // what the older one waited for may not come on this one
  } else {
    held.from_seq = std::min(held.from_seq, seq);
  }
}

std::optional<std::uint64_t> HeldLanes::held_from(const LaneKey& lane, std::uint64_t seq,
                                                  const std::string& connection) {
  const auto at = held_.find(lane);
  if (at == held_.end()) return std::nullopt;
  const bool resumes = seq <= at->second.from_seq || is_newer(lane, connection, at->second.connection);
  if (!resumes) return at->second.from_seq;
  held_.erase(at);
  return std::nullopt;
}

bool HeldLanes::is_newer(const LaneKey& lane, const std::string& connection, const std::string& than) const {
  const auto at = connections_.find(lane);
  if (at == connections_.end()) return false;
  const Connections& known = at->second;
  const auto place = std::find(known.begin(), known.end(), connection);
  const auto other = std::find(known.begin(), known.end(), than);
  // What is not there any more is older than all that are.
  return place != known.end() && (other == known.end() || other < place);
}

}  // namespace imagehub
