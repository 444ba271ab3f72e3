#pragma once

#include <vector>

#include "common/command_record.hpp"
#include "imagehub/index/index.hpp"

namespace imagehub {

/// Commands to nodes, kept until they are forgotten. Bound to the thread that commits, as the Index; changes happen
/// inside a transaction of it.
class CommandTable {
 public:
  explicit CommandTable(Index& index) : index_(index) {}

  /// The oldest first. What was delivered counts as pending again.
  std::vector<common::CommandRecord> all();
  /// Adds it, or changes the one of its id.
  void save(const common::CommandRecord& record);
  void remove(std::uint64_t id);

 private:
  Index& index_;
};

}  // namespace imagehub
