// Any text that a hub may answer.

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
  const std::string text = common::format_reply(reply);
  const Reply again = common::parse_reply(text);
  require(again.kind == reply.kind && again.seq == reply.seq, "a reply that is written says the same");
  require(again.text == reply.text || reply.kind == Reply::Kind::ok, "a reply that is written keeps its text");
  require(common::format_reply(again) == text, "a reply that was read is written the same");
  return 0;
}
