#pragma once

#include <vector>

#include "common/message.hpp"
#include "imagehub/index/command_table.hpp"
#include "imagehub/live/node_commands.hpp"

namespace imagehub {

/// Notes what nodes report of their commands, in the transaction that stores the report: once it is acknowledged the
/// node does not repeat it. Bound to the thread that commits.
class CommandReports {
 public:
  /// Without commands it does nothing.
  CommandReports(Index& index, NodeCommands* commands) : table_(index), commands_(commands) {}

  /// A transaction begins.
  void begin() { reported_.clear(); }
  void write(const common::Message& message) {
    auto record = commands_ == nullptr ? std::nullopt : commands_->reported_in(message);
    if (!record) return;
    table_.save(*record);
    reported_.push_back(std::move(*record));
  }
  void committed() const {
    for (const auto& record : reported_) commands_->reported(record);
  }

 private:
  CommandTable table_;
  NodeCommands* const commands_;
  std::vector<common::CommandRecord> reported_;
};

}  // namespace imagehub
