#include "common/run_program.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <system_error>

#include "common/child_program.hpp"
#include "common/clock.hpp"
#include "common/text.hpp"

namespace common {
namespace {

constexpr std::size_t kMaxOutput = 64 * 1024;
/// For a program that has closed its output and is not done yet.
constexpr std::int64_t kEndPatience = 2 * kSecond;

std::filesystem::path program_of(const std::string& word) {
  if (word.find('/') != std::string::npos) return word;
  const auto found = find_program({word});
  if (!found) throw ProgramError(cat("there is no program ", word, " in PATH; install it or give its whole path"));
  return *found;
}

std::unique_ptr<ChildProgram> start(const std::vector<std::string>& words) {
  try {
    return std::make_unique<ChildProgram>(program_of(words.front()),
                                          std::vector<std::string>(words.begin() + 1, words.end()));
  } catch (const std::system_error& error) {
    throw ProgramError(cat(words.front(), " cannot be started: ", error.code().message()));
  }
}

ProgramError failed(ChildProgram& program, const std::string& name, int status) {
  const std::string words = program.last_words();
  return ProgramError(cat(name, " ended with status ", status, words.empty() ? "" : ": ", words));
}

}  // namespace

std::string run_program(const std::vector<std::string>& words, std::int64_t timeout_ns, const std::stop_token& stop) {
  const SystemClock clock;
  const std::int64_t deadline_ns = clock.monotonic_ns() + timeout_ns;
  const auto program = start(words);
  const auto too_long = [&] {
    return ProgramError(cat(words.front(), " was not done after ", static_cast<double>(timeout_ns) / kSecond, " s"));
  };
  std::string output;
  std::array<std::uint8_t, 4096> part{};
  for (auto how = ChildProgram::Read::whole; how != ChildProgram::Read::ended;) {
    std::size_t count = 0;
    how = program->read_some(part, count, deadline_ns - clock.monotonic_ns(), stop);
    if (how == ChildProgram::Read::stopped) throw ProgramError(cat(words.front(), " was stopped"));
    if (how == ChildProgram::Read::silent) throw too_long();
    output.append(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
    if (output.size() > kMaxOutput) throw ProgramError(cat(words.front(), " says more than ", kMaxOutput, " bytes"));
  }
  const auto status =
      program->exit_status(std::clamp<std::int64_t>(deadline_ns - clock.monotonic_ns(), 0, kEndPatience));
  if (!status) throw too_long();
  if (*status != 0) throw failed(*program, words.front(), *status);
  return output;
}

}  // namespace common
