#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

/// The program's own log, on standard error (the journal under systemd). Thread-safe.
namespace common::log {

/// Below systemd lines carry the journal's priority, elsewhere time and level.
void start();

void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);

}  // namespace common::log

namespace common {

/// Lets one line per key through in each interval; the rest is counted and said with the next one. Thread-safe.
/// At most 1000 keys are kept apart; further ones share one place.
class RateGate {
 public:
  explicit RateGate(std::int64_t interval_ns) : interval_ns_(interval_ns) {}

  /// Number of lines held back since the last one that passed; nothing when this one is held back too.
  std::optional<std::uint64_t> pass(const std::string& key, std::int64_t monotonic_ns);

 private:
  struct State {
    std::int64_t last_ns = 0;
    std::uint64_t held_back = 0;
  };
  std::int64_t interval_ns_;
  std::mutex mutex_;
  std::map<std::string, State> states_;
};

}  // namespace common
