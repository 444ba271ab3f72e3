#include "imagehub/commands.hpp"

#include <unistd.h>

#include <iostream>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/disk.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "imagehub/care/check_batches.hpp"
#include "imagehub/care/check_report.hpp"
#include "imagehub/control.hpp"
#include "imagehub/settings.hpp"
#include "imagehub/status.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;

/// Tells on a terminal how far something is that takes longer than a second; erased when it is done.
class TerminalProgress {
 public:
  TerminalProgress() : started_ns_(clock_.monotonic_ns()) {}
  ~TerminalProgress() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  Progress function() {
    return [this](const char* what, std::uint64_t done, std::uint64_t total) { show(what, done, total); };
  }

 private:
  void show(const char* what, std::uint64_t done, std::uint64_t total) {
    const std::int64_t now = clock_.monotonic_ns();
    if (!terminal_ || now - started_ns_ < common::kSecond || now - shown_ns_ < common::kSecond / 4) return;
    shown_ = true;
    shown_ns_ = now;
    std::cerr << "\r\033[K" << what;
    if (done > 0) std::cerr << ' ' << done;
    if (total > 0) std::cerr << " of " << total;
    std::cerr << std::flush;
  }

  const common::SystemClock clock_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::int64_t started_ns_;
  std::int64_t shown_ns_ = 0;
  bool shown_ = false;
};

DataDirectory data_of(const fs::path& settings_file, common::FileSystem& files) {
  DataDirectory data{load_hub_settings(settings_file).data_directory};
  if (!common::is_folder(files, data.folder)) {
    throw std::runtime_error(cat("there is no data directory ", data.folder.string(), "; look at data_directory in ",
                                 settings_file.string()));
  }
  return data;
}

int in_use(const common::LockedError& error, const char* command) {
  std::cerr << "imagehub: " << error.what() << "; stop that hub first, `imagehub " << command
            << "` needs the directory for itself\n";
  return common::kExitInUse;
}

}  // namespace

std::vector<fs::path> sockets_of(const fs::path& settings_file) {
  std::vector<fs::path> sockets{"/run/imagehub/control.sock"};
  if (!settings_file.empty()) {
    sockets.insert(sockets.begin(), control_path(load_hub_settings(settings_file).data_directory));
  }
  return sockets;
}

int no_hub(const fs::path& socket) {
  std::cerr << "imagehub: no hub answers at " << socket.string()
            << "; is it running, and may you read that socket? Name its settings with --config FILE or --path DIR\n";
  return common::kExitUnavailable;
}

namespace {

/// The answer of the running hub; when there is none, says so.
std::optional<std::string> asked(const fs::path& settings_file, const std::string& question, int timeout_ms = 3000) {
  const auto sockets = sockets_of(settings_file);
  for (const fs::path& socket : sockets) {
    if (auto answer = ask_hub(socket, question, timeout_ms)) return answer;
  }
  no_hub(sockets.front());
  return std::nullopt;
}

int wrong_use(const char* what) {
  std::cerr << "imagehub: " << what << "; write `imagehub command NODE \"SendFrames 10\"`, with --all in the place of "
            << "NODE for all nodes, or `imagehub command --list`\n";
  return common::kExitUsage;
}

}  // namespace

int show_status(const fs::path& settings_file, bool json) {
  const auto answer = asked(settings_file, "status");
  if (!answer) return common::kExitUnavailable;
  std::cout << (json ? *answer + '\n' : format_status(*answer));
  return common::kExitOk;
}

int node_command(const fs::path& settings_file, const CommandOptions& options) {
  // The hub writes the command to its disk first, which can be slow.
  constexpr int kPatienceMs = 30'000;
  if (options.list) {
    if (options.all || !options.words.empty()) return wrong_use("--list takes no node and no command");
    const auto answer = asked(settings_file, "status");
    if (!answer) return common::kExitUnavailable;
    std::cout << format_commands(*answer);
    return common::kExitOk;
  }
  if (options.words.size() < (options.all ? 1 : 2)) return wrong_use("the node or the command is missing");
  std::string text;
  for (std::size_t i = options.all ? 0 : 1; i < options.words.size(); ++i) {
    text += (text.empty() ? "" : " ") + options.words[i];
  }
  // Whether there is a hub at all shows sooner.
  if (!asked(settings_file, "status")) return common::kExitUnavailable;
  const auto answer =
      asked(settings_file, command_question(options.all ? "" : options.words[0], options.all, text), kPatienceMs);
  if (!answer) return common::kExitUnavailable;
  const CommandAnswer given = read_command_answer(*answer);
  if (given.error.empty()) {
    std::cout << given.text;
    return common::kExitOk;
  }
  std::cerr << "imagehub: " << given.error << '\n';
  return given.unknown_node ? common::kExitNoNode : common::kExitFailure;
}

namespace {

int checked(common::FileSystem& files, const DataDirectory& data, const CheckOptions& options) {
  common::log::start();  // standard output is for the result
  const common::SystemClock clock;
  const CheckLevel level = options.level == "presence" ? CheckLevel::presence
                           : options.level == "size"   ? CheckLevel::size
                                                       : CheckLevel::content;
  CheckReport report;
  std::optional<Repaired> repaired;
  {
    TerminalProgress progress;
    if (options.repair) {
      auto lock = StoppedHub::take(files, data);
      // Before anything is finished or given up: what has no file would be forgotten.
      const auto why_not = options.lost_files ? std::nullopt : seems_not_mounted(files, data);
      if (why_not) {
        throw std::runtime_error(
            cat(*why_not, "; nothing was repaired. Mount it, or put the pictures back; when they are lost indeed, ",
                "`imagehub check --repair --lost-files` moves their rows into a report"));
      }
      StoppedHub hub(std::move(lock), files, data, clock, options.lost_files);
      report = check(files, data, level, false, clock, progress.function());
      repaired = repair(files, data, hub, report, clock, progress.function());
    } else {
      report = check(files, data, level, common::is_locked(data.lock()), clock, progress.function());
    }
  }
  const Repaired* done = repaired ? &*repaired : nullptr;
  std::cout << (options.json ? to_json(report, done) + '\n' : to_text(report, done)) << std::flush;
  return report.differences() == 0 ? common::kExitOk : common::kExitFailure;
}

}  // namespace

int check_command(const fs::path& settings_file, const CheckOptions& options) {
  common::Disk disk;
  try {
    const DataDirectory data = data_of(settings_file, disk);
    if (!common::exists(disk, data.index())) {
      throw std::runtime_error(
          cat("there is no index in ", data.folder.string(), "; a start of the hub, or `imagehub index`, makes it"));
    }
    return checked(disk, data, options);
  } catch (const common::SettingsError&) {
    throw;
  } catch (const common::LockedError& error) {
    return in_use(error, "check --repair");
  } catch (const std::exception& error) {
    std::cerr << "imagehub: cannot check: " << error.what() << '\n';
    return common::kExitCannotCheck;
  }
}

int index_command(const fs::path& settings_file) {
  common::log::start();
  common::Disk disk;
  const common::SystemClock clock;
  const DataDirectory data = data_of(settings_file, disk);
  try {
    TerminalProgress progress;
    StoppedHub hub(StoppedHub::take(disk, data), disk, data, clock);
    const Adopted adopted = adopt(disk, data, AdoptWhat::foreign_tree, hub.index, progress.function());
    std::cout << to_text(adopted, adopt_batches(disk, data, hub.index));
    return common::kExitOk;
  } catch (const common::LockedError& error) {
    return in_use(error, "index");
  }
}

}  // namespace imagehub
