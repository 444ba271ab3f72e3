#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The subcommands of imagehub. Each prints for people or scripts and returns the exit status
/// (docs/reference/exit-codes.md). They throw std::exception for what main reports.
namespace imagehub {

/// Asks the hub of the settings file, or, without one, the one that runs as a service.
int show_status(const std::filesystem::path& settings_file, bool json);

struct CommandOptions {
  std::vector<std::string> words;  ///< node and command; for all nodes, the command
  bool all = false;
  bool list = false;
};
/// Gives the running hub a command for a node, or shows those that it has.
int node_command(const std::filesystem::path& settings_file, const CommandOptions& options);

struct CheckOptions {
  std::string level = "size";
  bool repair = false;
  bool lost_files = false;  ///< with repair: rows are moved although most have no file
  bool json = false;
};
int check_command(const std::filesystem::path& settings_file, const CheckOptions& options);

/// Adds what a Python hub left.
int index_command(const std::filesystem::path& settings_file);

}  // namespace imagehub
