#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// One of our programs, started as a child and ended with SIGTERM. Not thread-safe.
class Process {
 public:
  /// `program`: a name in the folder of this benchmark, or a path. Its output goes to `log`. `net_namespace`: the
  /// network that it runs in; empty for ours.
  Process(const std::string& program, const std::vector<std::string>& arguments, const std::filesystem::path& log,
          const std::string& net_namespace = "");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running() const;

  /// CPU time of all threads so far, in seconds.
  double cpu_seconds() const;
  /// Resident memory now, in MB (10^6).
  double resident_mb() const;

 private:
  pid_t pid_;
};

/// Moves the calling thread, and those that it starts later, into a network namespace that `ip netns add` made.
void enter_net_namespace(const std::string& name);

/// Folder of its own. The outermost is removed at its end with all that is in it. Those inside stay until then: where
/// many files were just deleted, ext4 looks long for free inodes, and the next measurement would pay for it.
class ScratchFolder {
 public:
  enum class AtEnd { keep, remove };
  explicit ScratchFolder(const std::filesystem::path& parent, AtEnd at_end = AtEnd::keep);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  AtEnd at_end_;
};

/// The real imagehub on a port of its own, with its data in a scratch folder.
class HubProcess {
 public:
  /// `settings`: further lines under `hub:`. Returns when the hub listens.
  HubProcess(const std::filesystem::path& parent, const std::vector<std::string>& settings,
             const std::string& address = "tcp://127.0.0.1:*", const std::string& net_namespace = "");

  const std::string& address() const { return address_; }
  const Process& process() const { return process_; }

 private:
  std::filesystem::path prepare(const std::vector<std::string>& settings, const std::string& address) const;

  ScratchFolder folder_;
  Process process_;
  std::string address_;
};

}  // namespace bench
