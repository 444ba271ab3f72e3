#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The texts of a hub's replies (docs/reference/wire.md). Thread-safe.
namespace common {

/// One reply of a hub.
struct Reply {
  enum class Kind {
    ok,       ///< OK <seq>
    hub,      ///< OK imagehub/<version> <hub id>: one of ours, answering a message without seq
    retry,    ///< RETRY <seq> <reason>
    reject,   ///< REJECT <seq> <reason>
    wait,     ///< WAIT <reason>
    command,  ///< CMD <id> <command>; seq holds the id
    foreign,  ///< anything else: how a hub that is not ours acknowledges
  };
  Kind kind = Kind::foreign;
  std::uint64_t seq = 0;
  std::string text;  ///< reason, command, or the hub's name and id
};

std::string format_reply(const Reply& reply);
Reply parse_reply(std::string_view text);

}  // namespace common
