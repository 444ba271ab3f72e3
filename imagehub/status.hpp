#pragma once

#include <string>

namespace imagehub {

/// The hub's answer (JSON) as a table for people: nodes, rates, queue, drops, disk.
std::string format_status(const std::string& json);

/// Of the same answer the commands to nodes, one per line.
std::string format_commands(const std::string& json);

/// What is asked of a hub to give a node a command, and what it answers.
std::string command_question(const std::string& node, bool all, const std::string& text);
struct CommandAnswer {
  std::string text;   ///< for a person, when it was taken
  std::string error;  ///< why not; empty when it was
  bool unknown_node = false;
};
CommandAnswer read_command_answer(const std::string& json);

}  // namespace imagehub
