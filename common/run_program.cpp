#include "common/run_program.hpp"

#include <algorithm>
#include <array>
#include <chrono>
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

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

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
  const std::int64_t deadline_ns = now_ns() + timeout_ns;
  const auto program = start(words);
  const auto too_long = [&] {
    return ProgramError(cat(words.front(), " was not done after ", static_cast<double>(timeout_ns) / kSecond, " s"));
  };
  std::string output;
  // A byte at a time, so that the deadline holds for one that never stops talking either.
  for (auto how = ChildProgram::Read::whole; how != ChildProgram::Read::ended;) {
    const std::int64_t left_ns = deadline_ns - now_ns();
    if (left_ns <= 0) throw too_long();
    std::array<std::uint8_t, 1> byte{};
    std::size_t count = 0;
    how = program->read(byte, count, left_ns + kMillisecond, stop);
    if (how == ChildProgram::Read::stopped) throw ProgramError(cat(words.front(), " was stopped"));
    if (how == ChildProgram::Read::silent) throw too_long();
    output.append(byte.begin(), byte.begin() + static_cast<std::ptrdiff_t>(count));
    if (output.size() > kMaxOutput) throw ProgramError(cat(words.front(), " says more than ", kMaxOutput, " bytes"));
  }
  const auto status = program->exit_status(std::clamp<std::int64_t>(deadline_ns - now_ns(), 0, kEndPatience));
  if (!status) throw too_long();
  if (*status != 0) throw failed(*program, words.front(), *status);
  return output;
}

}  // namespace common
