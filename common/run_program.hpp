#pragma once

#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

namespace common {

/// The program cannot be started, failed, or took too long; says which.
struct ProgramError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs a program to its end and returns its standard output. `words` are the program, looked for in PATH unless it
/// holds a slash, and its arguments; there is no shell. Throws ProgramError when it ends with another status than 0,
/// says more than 64 KB, or is not done after `timeout_ns` or at a stop: it is then ended, with what it has started.
std::string run_program(const std::vector<std::string>& words, std::int64_t timeout_ns, const std::stop_token& stop);

}  // namespace common
