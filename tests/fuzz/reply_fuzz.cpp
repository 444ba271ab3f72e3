// Any text that a hub may answer, and any that it may call itself.

#include "common/reply.hpp"
#include "fuzz.hpp"

using common::Reply;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Reply reply = common::parse_reply(fuzz::text_of(data, size));
  switch (reply.kind) {
    case Reply::Kind::ok:
    case Reply::Kind::retry:
    case Reply::Kind::reject:
    case Reply::Kind::command:
      require(reply.seq != 0, "a numbered reply has its number");
      break;
    case Reply::Kind::hub:
      require(reply.seq == 0 && reply.text.starts_with("imagehub/"), "a hub of ours says so, without a number");
      break;
    case Reply::Kind::wait:
      require(reply.seq == 0, "WAIT has no number");
      break;
    case Reply::Kind::foreign:
      require(reply.seq == 0 && reply.text.empty(), "of a foreign reply nothing is taken over");
      break;
  }
  require(reply.kind == Reply::Kind::hub || (common::hub_id_of(reply).empty() && !common::shows_live(reply)),
          "only a hub of ours has an id");
  const std::string text = common::format_reply(reply);
  const Reply again = common::parse_reply(text);
  require(again.kind == reply.kind && again.seq == reply.seq, "a reply that is written says the same");
  require(again.text == reply.text || reply.kind == Reply::Kind::ok, "a reply that is written keeps its text");
  require(common::format_reply(again) == text, "a reply that was read is written the same");

  const std::string_view id = fuzz::text_of(data, size);
  if (id.find(' ') == std::string_view::npos) {
    const Reply greeting = common::parse_reply("OK " + common::hub_name("1.0", id));
    require(common::shows_live(greeting) && common::hub_id_of(greeting) == id, "a hub's name tells its id");
  }
  return 0;
}
