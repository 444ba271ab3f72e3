#include "common/reply.hpp"

#include <algorithm>
#include <charconv>

#include "common/text.hpp"

namespace common {
namespace {

/// Between version and id, so that a node that knows nothing of it takes the id from the end all the same.
constexpr std::string_view kLive = " live ";

/// The number that the text begins with, taken off together with the space behind it; 0 when there is none.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || (used < text.size() && text[used] != ' ')) return 0;
  text.remove_prefix(std::min(used + 1, text.size()));
  return value;
}

}  // namespace

std::string format_reply(const Reply& reply) {
  const std::string tail = reply.text.empty() ? "" : " " + reply.text;
  switch (reply.kind) {
    case Reply::Kind::ok:
      return cat("OK ", reply.seq);
    case Reply::Kind::hub:
      return "OK" + tail;
    case Reply::Kind::retry:
      return cat("RETRY ", reply.seq, tail);
    case Reply::Kind::reject:
      return cat("REJECT ", reply.seq, tail);
    case Reply::Kind::wait:
      return "WAIT" + tail;
    case Reply::Kind::command:
      return cat("CMD ", reply.seq, tail);
    case Reply::Kind::foreign:
      break;
  }
  return "OK";
}

Reply parse_reply(std::string_view text) {
  const auto starts = [&](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  Reply reply;
  if (text.starts_with("OK imagehub/")) {
    return {Reply::Kind::hub, 0, std::string(text.substr(3))};
  }
  if (text == "WAIT" || starts("WAIT ")) {
    return {Reply::Kind::wait, 0, std::string(text == "WAIT" ? "" : text)};
  }
  if (starts("OK ")) {
    reply.kind = Reply::Kind::ok;
  } else if (starts("RETRY ")) {
    reply.kind = Reply::Kind::retry;
  } else if (starts("REJECT ")) {
    reply.kind = Reply::Kind::reject;
  } else if (starts("CMD ")) {
    reply.kind = Reply::Kind::command;
  } else {
    return reply;
  }
  reply.seq = take_number(text);
  if (reply.seq == 0) return {};
  reply.text = text;
  return reply;
}

std::string hub_name(std::string_view version, std::string_view hub_id) {
  return cat("imagehub/", version, kLive, hub_id);
}

std::string hub_id_of(const Reply& reply) {
  return reply.kind == Reply::Kind::hub ? reply.text.substr(reply.text.rfind(' ') + 1) : "";
}

bool shows_live(const Reply& reply) {
  return reply.kind == Reply::Kind::hub && reply.text.find(kLive) != std::string::npos;
}

}  // namespace common
