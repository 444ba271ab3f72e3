#pragma once

#include <functional>
#include <string>
#include <vector>

#include "imagehub/index/command_table.hpp"
#include "imagehub/live/node_commands.hpp"
#include "imagehub/live/nodes.hpp"

namespace imagehub {

/// Takes commands that people give to nodes, and tells how they stand. The functions that people's questions come to
/// are thread-safe as long as `on_index` is.
class CommandDesk {
 public:
  /// Runs a task on the thread of the index and waits for its end.
  using OnIndex = std::function<void(std::function<void()>)>;

  CommandDesk(Index& index, NodeCommands& commands, const Nodes& nodes)
      : table_(index), index_(index), commands_(commands), nodes_(nodes) {}

  /// `request` is {"node": name, "text": command}, or {"all": true, ...} for all nodes that take commands. Answers
  /// {"commands": [...]}, or {"error": why} with "unknown": true when there is no such node.
  std::string take(const std::string& request, const OnIndex& on_index);

  /// A JSON list of all commands.
  std::string list() const;

  /// On the thread of the index: forgets those whose time is over.
  void forget_old();

 private:
  std::vector<std::string> addressees(const std::string& node, bool all) const;

  CommandTable table_;
  Index& index_;
  NodeCommands& commands_;
  const Nodes& nodes_;
};

}  // namespace imagehub
