#include "common/reply.hpp"

#include "catch.hpp"

using namespace common;

TEST_CASE("replies survive formatting and parsing") {
  const auto round = [](Reply reply) { return parse_reply(format_reply(reply)); };
  CHECK(round({Reply::Kind::ok, 4711, ""}).seq == 4711);
  CHECK(round({Reply::Kind::retry, 5, "disk full"}).text == "disk full");
  CHECK(round({Reply::Kind::reject, 6, "quota"}).kind == Reply::Kind::reject);
  CHECK(round({Reply::Kind::wait, 0, "busy"}).kind == Reply::Kind::wait);
  CHECK(round({Reply::Kind::command, 3, "SendFrames 10"}).text == "SendFrames 10");
  CHECK(round({Reply::Kind::hub, 0, "imagehub/1.0.0 abc"}).kind == Reply::Kind::hub);
}

TEST_CASE("any reply that is not ours is how a foreign hub says OK") {
  for (const char* text :
       {"OK", "", "ok", "OK fine", "OK -3", "RETRY", "RETRY x", "OK 12x", "REJECT 99999999999999999999"}) {
    INFO(text);
    CHECK(parse_reply(text).kind == Reply::Kind::foreign);
  }
}
