#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace imagehub {

/// How long what came is kept; what is not set has no limit.
struct RetentionLimits {
  std::optional<double> keep_days;
  std::optional<double> max_gb;
  std::optional<double> min_free_gb;  ///< of the disk

  bool any() const { return keep_days || max_gb || min_free_gb; }
};

/// Limits of one class of what came.
struct ClassRetention {
  RetentionLimits all;                           ///< of nodes without limits of their own
  std::map<std::string, RetentionLimits> nodes;  ///< complete: what a node does not override is filled in
  std::set<std::string> own_room;                ///< nodes with a max_gb of their own; all others share one

  bool any() const;
  const RetentionLimits& of(const std::string& node) const;
  /// The name of the room that a node's max_gb is about; empty: the one that is shared.
  const std::string& room_of(const std::string& node) const;
  /// By how many bytes each room is over its max_gb.
  using Rooms = std::map<std::string, double>;
  void take_max_gb(Rooms& bytes) const;
  /// Which limit what came at that time is beyond; null: none.
  const char* reason_to_delete(const std::string& node, std::int64_t received_ns, std::int64_t now_ns,
                               const Rooms& over_max_gb, double free_bytes) const;
};

/// Event rows and logs are kept for ever; this is about images, and about batches of rows (data).
struct RetentionSettings {
  ClassRetention images;
  ClassRetention data;
  bool include_adopted = false;  ///< also images and batches that lay there before they had rows

  bool any() const { return images.any() || data.any(); }
};

}  // namespace imagehub
