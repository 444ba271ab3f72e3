#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "imagenode/command_memory.hpp"

namespace imagenode {

/// A command as a hub gave it.
struct GivenCommand {
  std::uint64_t id = 0;
  std::string text;
};

/// How a command goes on: nothing yet, empty once it is done, else why it failed.
using CommandProgress = std::function<std::optional<std::string>()>;
/// Begins a command, given what stands behind its name. Throws std::exception with the reason when it cannot.
using CommandBegin = std::function<CommandProgress(const std::string& arguments)>;
using CommandKinds = std::map<std::string, CommandBegin>;

/// Does what hubs command, once for each id, as far as the settings allow it, and reports how it ended. What comes from
/// a hub is data: it is bounded in length, number and pace. take() may be called by any thread, tick() by the main one.
class CommandRunner {
 public:
  /// `outcome` is "done" or "failed|<reason>"; both texts are fit for a field of a message.
  using Report = std::function<void(std::uint64_t id, const std::string& text, const std::string& outcome)>;

  CommandRunner(CommandKinds kinds, std::set<std::string> allowed, CommandMemory memory, const common::Clock& clock,
                Report report);

  void take(std::uint64_t id, const std::string& text);

  /// From now on these are allowed. Main thread.
  void allow(std::set<std::string> commands) { allowed_ = std::move(commands); }

  /// Begins what came, and looks how far the others are. About once a second.
  void tick();

  static constexpr std::size_t kMaxWaiting = 64;  ///< a hub repeats what finds no place
  static constexpr std::size_t kMaxRunning = 16;
  static constexpr std::size_t kMaxBegunAtOnce = 8;
  static constexpr std::int64_t kPatience = 60 * common::kSecond;

 private:
  struct Running {
    GivenCommand command;
    CommandProgress progress;
    std::int64_t until_ns = 0;
  };

  std::optional<GivenCommand> next();
  void begin(const GivenCommand& command);
  CommandProgress begun(const std::string& text) const;
  void finish(const GivenCommand& command, const std::string& failure);
  void report(const GivenCommand& command, const std::string& outcome) const;

  const CommandKinds kinds_;
  std::set<std::string> allowed_;
  CommandMemory memory_;
  const common::Clock& clock_;
  const Report report_;
  std::vector<Running> running_;
  std::set<std::uint64_t> seen_;  ///< since our start: they run, or have been reported

  std::mutex mutex_;
  std::deque<GivenCommand> waiting_;
};

}  // namespace imagenode
