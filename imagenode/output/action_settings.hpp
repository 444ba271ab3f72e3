#pragma once

#include <string>
#include <vector>

#include "imagenode/output/action_limits.hpp"
#include "imagenode/output/action_registry.hpp"
#include "imagenode/output/event_pattern.hpp"

namespace imagenode {

/// One entry of `actions:`.
struct ActionSettings {
  std::string label;
  std::string type;
  std::vector<EventPattern> when;  ///< any of them
  ActionLimitSettings limits;
  bool dry_run = false;
  ActionKind kind;  ///< its `make` is empty only after a problem was reported
};

/// Problems are reported to the file.
std::vector<ActionSettings> read_actions(common::Section& root, const KnownViews& views);

}  // namespace imagenode
