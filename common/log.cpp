#include "common/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace common::log {

void start() {
  auto logger = spdlog::stderr_logger_mt("program");
  spdlog::set_default_logger(logger);
  if (std::getenv("JOURNAL_STREAM") == nullptr) {
    spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %v");
  } else {
    spdlog::set_pattern("%v");
  }
  spdlog::flush_on(spdlog::level::info);
}

namespace {
std::string with_priority(const char* priority, std::string_view text) {
  static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  return journal ? priority + std::string(text) : std::string(text);
}
}  // namespace

// The text is an argument, never the format: it may hold braces that came from the network.
void info(std::string_view text) {
  spdlog::info("{}", with_priority("<6>", text));
}
void warn(std::string_view text) {
  spdlog::warn("{}", with_priority("<4>", text));
}
void error(std::string_view text) {
  spdlog::error("{}", with_priority("<3>", text));
}

}  // namespace common::log

namespace common {

std::optional<std::uint64_t> RateGate::pass(const std::string& key, std::int64_t monotonic_ns) {
  static constexpr std::size_t kMaxKeys = 1000;
  const std::lock_guard lock(mutex_);
  const bool known = states_.contains(key);
  const auto [at, fresh] = states_.try_emplace(known || states_.size() < kMaxKeys ? key : std::string());
  State& state = at->second;
  if (!fresh && monotonic_ns - state.last_ns < interval_ns_) {
    ++state.held_back;
    return std::nullopt;
  }
  state.last_ns = monotonic_ns;
  return std::exchange(state.held_back, 0);
}

}  // namespace common
