#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

struct LiveOptions {
  std::vector<std::string> words;     ///< node and source; or neither, or the node alone
  std::optional<std::string> view;    ///< of several with the same source
  std::optional<std::uint64_t> rows;  ///< so many, then it ends
  bool json = false;
};
/// Lists what the running hub gets just now, or prints the rows of one series as they come.
int live_command(const std::filesystem::path& settings_file, const LiveOptions& options);

/// Where the hub of these settings answers, or, without any, the one that runs as a service; the likeliest first.
std::vector<std::filesystem::path> sockets_of(const std::filesystem::path& settings_file);
/// Says that no hub answers there; the exit status for it.
int no_hub(const std::filesystem::path& socket);

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
