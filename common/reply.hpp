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
    hub,      ///< OK imagehub/<version> live <hub id>: one of ours, answering a message without seq
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

/// What a hub of ours says of itself in replies of kind hub: its version, what it can do, its id at the end.
std::string hub_name(std::string_view version, std::string_view hub_id);
/// Id of the hub that gave this reply; empty for one that is not ours.
std::string hub_id_of(const Reply& reply);
/// Whether that hub leaves what is only shown (Message::only_shown) unstored. One that does not say so would store it.
bool shows_live(const Reply& reply);

}  // namespace common
