#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What hub and node agree on about commands, and what a hub keeps of one.
namespace common {

/// A field of a message holds the id, so it is one that a double holds exactly.
inline constexpr std::uint64_t kMaxCommandId = (std::uint64_t{1} << 53) - 1;
inline constexpr std::size_t kMaxCommandBytes = 200;
/// In the message by which a node reports.
inline constexpr const char* kCommandField = "command";

struct CommandRecord {
  enum class State { pending, delivered, done, failed };
  std::uint64_t id = 0;
  std::string node;
  std::string text;
  State state = State::pending;
  std::string reason;           ///< why it failed
  std::int64_t created_ns = 0;  ///< UTC

  bool open() const { return state == State::pending || state == State::delivered; }
};

}  // namespace common
