#include "imagehub/filing/retention_settings.hpp"

#include <algorithm>

#include "common/clock.hpp"

namespace imagehub {
namespace {

constexpr double kDay = 86'400.0 * common::kSecond;
constexpr double kGigabyte = 1e9;

}  // namespace

bool ClassRetention::any() const {
  return all.any() || std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.second.any(); });
}

const RetentionLimits& ClassRetention::of(const std::string& node) const {
  const auto own = nodes.find(node);
  return own == nodes.end() ? all : own->second;
}

const std::string& ClassRetention::room_of(const std::string& node) const {
  static const std::string shared;
  return own_room.contains(node) ? node : shared;
}

void ClassRetention::take_max_gb(Rooms& bytes) const {
  for (auto& [room, over] : bytes) {
    const auto& max_gb = room.empty() ? all.max_gb : of(room).max_gb;
    over = max_gb ? over - *max_gb * kGigabyte : 0;
  }
}

const char* ClassRetention::reason_to_delete(const std::string& node, std::int64_t received_ns, std::int64_t now_ns,
                                             const Rooms& over_max_gb, double free_bytes) const {
  const RetentionLimits& limits = of(node);
  if (limits.keep_days && static_cast<double>(now_ns - received_ns) > *limits.keep_days * kDay) return "keep_days";
  if (over_max_gb.at(room_of(node)) > 0) return "max_gb";
  if (limits.min_free_gb && free_bytes < *limits.min_free_gb * kGigabyte) return "min_free_gb";
  return nullptr;
}

}  // namespace imagehub
