#include "imagenode/sensor/debounce.hpp"

namespace imagenode {

std::optional<Edge> Debounce::see(const Edge& edge) {
  if (edge.active == level_) return pass(edge.monotonic_ns);
  // Without a quiet time the change that this edge is would be certain, but only be told with the next one.
  const auto before = pass(edge.monotonic_ns);
  level_ = edge.active;
  level_since_ns_ = edge.monotonic_ns;
  return before ? before : pass(edge.monotonic_ns);
}

std::optional<Edge> Debounce::pass(std::int64_t monotonic_ns) {
  if (level_ == state_ || monotonic_ns - level_since_ns_ < quiet_ns_) return std::nullopt;
  state_ = level_;
  return Edge{state_, level_since_ns_};
}

std::optional<std::int64_t> Debounce::due_ns() const {
  if (level_ == state_) return std::nullopt;
  return level_since_ns_ + quiet_ns_;
}

}  // namespace imagenode
