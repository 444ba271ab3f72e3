#include "common/child_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "common/clock.hpp"
#include "common/text.hpp"

namespace common {
namespace {

constexpr int kTermPatienceMs = 2000;
constexpr std::size_t kMaxWords = 2000;
/// Room for a frame or two, so that the program need not wait for us in the middle of one.
constexpr int kPipeBytes = 1 << 20;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// What the new program gets of ours: its three standard files, nothing else; no blocked or ignored signals. It leads a
/// process group of its own.
class SpawnSetup {
 public:
  SpawnSetup(int output, int errors) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    // A webcam's descriptor in the child would keep that camera's stream.
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    for (const int signal : {SIGTERM, SIGINT, SIGPIPE, SIGHUP}) sigaddset(&signals, signal);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
};

}  // namespace

std::optional<std::filesystem::path> find_program(const std::vector<std::string>& names) {
  const char* path = std::getenv("PATH");
  if (path == nullptr) return std::nullopt;
  for (const std::string& name : names) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, end)) / name;
      if (access(candidate.c_str(), X_OK) == 0) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

ChildProgram::ChildProgram(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  fcntl(output.read.get(), F_SETPIPE_SZ, kPipeBytes);
  fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);

  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const SpawnSetup setup(output.write.get(), errors.write.get());
  const int error = posix_spawn(&pid_, program.c_str(), &setup.files, &setup.attributes, argv.data(), environ);
  if (error != 0) fail(error, program.string());
  // glibc 2.36 declares pidfd_open for C only.
  pid_fd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
}

ChildProgram::~ChildProgram() {
  kill(-pid_, SIGTERM);
  kill(-pid_, SIGCONT);  // a stopped one would not see it
  wait_for_end(kTermPatienceMs);
  // Until it is waited for its number, and that of its group, are nobody else's.
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool ChildProgram::wait_for_end(int milliseconds) const {
  pollfd end{pid_fd_.get(), POLLIN, 0};
  return pid_fd_ && poll(&end, 1, milliseconds) > 0;
}

std::optional<int> ChildProgram::exit_status(std::int64_t within_ns) const {
  if (!wait_for_end(static_cast<int>(within_ns / kMillisecond))) return std::nullopt;
  siginfo_t end{};
  // Not waited for here, so that the number stays its own until the destructor.
  if (waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid == 0) return {};
  return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}

ChildProgram::Read ChildProgram::read(std::span<std::uint8_t> out, std::size_t& read, std::int64_t silence_ns,
                                      const std::stop_token& stop, const std::function<void()>& first_bytes) {
  const WakeUp wake;
  const std::stop_callback on_stop(stop, [&wake] { wake.signal(); });
  read = 0;
  while (read < out.size()) {
    std::size_t count = 0;
    const Read how = take(out.subspan(read), count, silence_ns, stop, wake);
    if (how != Read::whole) return how;
    if (read == 0 && first_bytes) first_bytes();
    read += count;
  }
  return Read::whole;
}

ChildProgram::Read ChildProgram::read_some(std::span<std::uint8_t> out, std::size_t& read, std::int64_t silence_ns,
                                           const std::stop_token& stop) {
  const WakeUp wake;
  const std::stop_callback on_stop(stop, [&wake] { wake.signal(); });
  read = 0;
  return take(out, read, silence_ns, stop, wake);
}

/// Waits for output and takes what there is of it, at least a byte. What it says on standard error breaks no silence.
ChildProgram::Read ChildProgram::take(std::span<std::uint8_t> out, std::size_t& count, std::int64_t silence_ns,
                                      const std::stop_token& stop, const WakeUp& wake) {
  const SystemClock clock;
  const std::int64_t until_ns = clock.monotonic_ns() + silence_ns;
  for (;;) {
    const std::int64_t left_ns = until_ns - clock.monotonic_ns();
    if (left_ns <= 0) return Read::silent;
    std::array<pollfd, 3> waiting{{{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {wake.fd(), POLLIN, 0}}};
    poll(waiting.data(), waiting.size(), static_cast<int>(left_ns / kMillisecond + 1));
    if (stop.stop_requested()) return Read::stopped;
    if (waiting[1].revents != 0) take_words();
    if (waiting[0].revents == 0) continue;
    const ssize_t taken = ::read(output_.get(), out.data(), out.size());
    if (taken == 0) return Read::ended;
    if (taken > 0) {
      count = static_cast<std::size_t>(taken);
      return Read::whole;
    }
    if (errno != EAGAIN && errno != EINTR) fail(errno, "pipe");
  }
}

void ChildProgram::take_words() {
  std::array<char, 1024> part{};
  // Once what a pipe holds: one that never stops complaining must not keep us here.
  for (int parts = 0; parts < 64 && errors_; ++parts) {
    const ssize_t count = ::read(errors_.get(), part.data(), part.size());
    if (count == 0) errors_ = {};  // poll passes over a closed one
    if (count <= 0) return;
    words_.append(part.data(), static_cast<std::size_t>(count));
    if (words_.size() > kMaxWords) words_.erase(0, words_.size() - kMaxWords);
  }
}

std::string ChildProgram::last_words() {
  constexpr std::size_t kMaxShown = 300;
  constexpr int kEndPatienceMs = 500;
  // Its output has ended: its last error line is at most a moment away.
  wait_for_end(kEndPatienceMs);
  take_words();
  std::string line(trimmed(words_));
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (line.size() > kMaxShown) line = "..." + line.substr(line.size() - kMaxShown);
  return escaped(line);
}

}  // namespace common
