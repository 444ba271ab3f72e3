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

TEST_CASE("a hub of ours tells its id, and whether it leaves unstored what is only to be shown") {
  const Reply ours = parse_reply("OK " + hub_name("1.0.0", "9f86d081884c7d65"));
  CHECK(ours.text == "imagehub/1.0.0 live 9f86d081884c7d65");
  CHECK(hub_id_of(ours) == "9f86d081884c7d65");
  CHECK(shows_live(ours));
  const Reply older = parse_reply("OK imagehub/1.0.0 9f86d081884c7d65");
  CHECK(hub_id_of(older) == "9f86d081884c7d65");
  CHECK_FALSE(shows_live(older));
  const Reply foreign = parse_reply("OK live live live");
  CHECK(hub_id_of(foreign).empty());
  CHECK_FALSE(shows_live(foreign));
}

TEST_CASE("any reply that is not ours is how a foreign hub says OK") {
  for (const char* text :
       {"OK", "", "ok", "OK fine", "OK -3", "RETRY", "RETRY x", "OK 12x", "REJECT 99999999999999999999"}) {
    INFO(text);
    CHECK(parse_reply(text).kind == Reply::Kind::foreign);
  }
}
