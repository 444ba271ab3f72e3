#include "common/run_program.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "catch.hpp"
#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/text.hpp"
#include "temp_folder.hpp"

using namespace common;

namespace {

constexpr std::int64_t kLong = 60 * kSecond;

std::string problem(const std::vector<std::string>& words, std::int64_t timeout_ns = kLong,
                    const std::stop_token& stop = {}) {
  try {
    run_program(words, timeout_ns, stop);
  } catch (const ProgramError& error) {
    return error.what();
  }
  return "";
}

/// Whether the process ends within a while; one that was killed may need a moment.
bool ends(pid_t pid) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd end{process.get(), POLLIN, 0};
  return !process || poll(&end, 1, 20'000) > 0;
}

}  // namespace

TEST_CASE("a program's output is all that it said, whatever its arguments look like to a shell") {
  CHECK(run_program({"printf", "%s\\n%s", "a b; c", "$HOME"}, kLong, {}) == "a b; c\n$HOME");
}

TEST_CASE("a program may speak in several goes, and at length") {
  CHECK(run_program({"sh", "-c", "printf a; sleep 0.01; printf b; exec head -c 60000 /dev/zero"}, kLong, {}).size() ==
        60002);
}

TEST_CASE("a program that is not there, or fails, is named with its reason") {
  CHECK_THAT(problem({"no-such-program-here"}), ContainsSubstring("no program no-such-program-here in PATH"));
  CHECK_THAT(problem({"/no/such/program"}), ContainsSubstring("/no/such/program cannot be started: No such file"));
  CHECK(problem({"sh", "-c", "echo 21.5; echo the probe is loose >&2; exit 3"}) ==
        "sh ended with status 3: the probe is loose");
  CHECK(problem({"sh", "-c", "kill -KILL $$"}) == "sh ended with status 137");
}

TEST_CASE("a program that takes too long is ended with what it has started") {
  const TempFolder folder;
  const std::string file = (folder.path() / "pid").string();
  // Its child holds the output open, and takes no notice of SIGTERM.
  const std::string script = "trap '' TERM; (echo $$ > " + file + "; exec sleep 1000) & wait";
  CHECK_THAT(problem({"sh", "-c", script}, 2 * kSecond), ContainsSubstring("sh was not done after 2 s"));
  const auto pid = static_cast<pid_t>(std::stol(read_text_file(file)));
  CHECK(ends(pid));
}

TEST_CASE("a program that never stops talking ends at its time or its limit") {
  CHECK_THAT(problem({"yes"}), ContainsSubstring("says more than 65536 bytes"));
  CHECK_THAT(problem({"sh", "-c", "while :; do echo 1; sleep 0.05; done"}, kSecond / 4),
             ContainsSubstring("not done after 0.25 s"));
  CHECK_THAT(problem({"sh", "-c", "exec 3>&1; exec yes >&2"}, kSecond / 4), ContainsSubstring("not done after 0.25 s"));
}

TEST_CASE("a stop does not wait for the program") {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_THAT(problem({"sleep", "1000"}, 1000 * kSecond, stop.get_token()), ContainsSubstring("was stopped"));
}
