#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "common/files.hpp"

namespace common {

/// The first of these programs that is found in PATH.
std::optional<std::filesystem::path> find_program(const std::vector<std::string>& names);

/// A running program whose standard output is read by us; what it says on standard error is kept. Ended (SIGTERM, after
/// two seconds SIGKILL) and waited for by the destructor, so that neither it nor what it has started in its process
/// group outlives this object. Bound to one thread.
class ChildProgram {
 public:
  /// Throws std::system_error.
  ChildProgram(const std::filesystem::path& program, const std::vector<std::string>& arguments);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  enum class Read { whole, ended, silent, stopped };

  /// Fills `out` from its output. `read` says how much has come when that is less; `first_bytes` is called when the
  /// first ones come. Silent: no output for `silence_ns`, whatever it says on standard error.
  Read read(std::span<std::uint8_t> out, std::size_t& read, std::int64_t silence_ns, const std::stop_token& stop,
            const std::function<void()>& first_bytes = {});
  /// The same with what is there, as soon as there is anything: whole.
  Read read_some(std::span<std::uint8_t> out, std::size_t& read, std::int64_t silence_ns, const std::stop_token& stop);

  /// The end of what it has said on standard error, as one line; after its end all of that.
  std::string last_words();

  /// Its exit status once it has ended, as a shell has it (128 + signal); nothing when it does not end in time.
  std::optional<int> exit_status(std::int64_t within_ns) const;

  pid_t pid() const { return pid_; }

 private:
  Read take(std::span<std::uint8_t> out, std::size_t& count, std::int64_t silence_ns, const std::stop_token& stop,
            const WakeUp& wake);
  void take_words();
  bool wait_for_end(int milliseconds) const;

  pid_t pid_ = -1;
  UniqueFd pid_fd_;
  UniqueFd output_;
  UniqueFd errors_;
  std::string words_;
};

}  // namespace common
