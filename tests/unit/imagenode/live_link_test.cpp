#include "catch.hpp"
#include "fake_hub.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"

using namespace imagenode;

namespace {

const std::string kShows = "OK imagehub/1.0.0 live 9f86d081884c7d65";

struct Fixture {
  explicit Fixture(std::vector<std::string> addresses, bool demo = false)
      : stamper(77, clock, {&outbox}, demo),
        link({std::move(addresses), 10, 4, 10, std::nullopt}, {"Barn", 77, {}, demo}, outbox, clock) {
    outbox.on_put([this] { link.wake(); });
  }

  /// Rows for who looks on; the payload tells them apart.
  void show(std::size_t bytes = 1) {
    common::Message rows = message("Barn|data|L1", bytes);
    rows.live = true;
    stamper.put_unstored(std::move(rows));
  }

  common::SystemClock clock;
  common::Liveness liveness;
  Outbox outbox{OutboxSettings{1'000'000}};
  Stamper stamper;
  HubLink link;
};

}  // namespace

TEST_CASE("only a hub that says it shows them gets live rows") {
  for (const std::string& greeting : {kShows, std::string("OK imagehub/1.0.0 9f86d081884c7d65"), std::string("OK")}) {
    INFO(greeting);
    FakeHub hub;
    Fixture node({hub.address()});
    node.show();  // nobody is there: dropped
    node.link.start(node.liveness);
    hub.greet(greeting);
    node.stamper.put(message("Barn|motion|moving"));  // once it comes, the greeting was taken
    const auto event = hub.receive();
    REQUIRE(event);
    CHECK(event->seq() == 1);
    node.show(2);
    const bool shows = greeting == kShows;
    const auto rows = hub.receive(shows ? kLong : kShort);
    REQUIRE(rows.has_value() == shows);
    if (!shows) continue;
    CHECK(rows->message.live);
    CHECK(rows->seq() == 0);
    CHECK(rows->message.payload.size() == 2);
    CHECK(rows->message.age_us);
  }
}

TEST_CASE("live rows need no answer to go on, within bounds, and hold up no heartbeat and nothing that is stored") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.link.start(node.liveness);
  hub.greet(kShows);
  node.stamper.put(message("Barn|motion|moving"));
  const auto event = hub.receive();
  REQUIRE(event);
  for (int i = 0; i < 40; ++i) node.show();
  std::vector<FakeHub::Request> shown;
  while (auto request = hub.receive(kShort)) shown.push_back(std::move(*request));
  CHECK(shown.size() == 32);
  node.stamper.put_unstored(message("Barn|Heartbeat"));
  const auto heartbeat = hub.receive();
  REQUIRE(heartbeat);
  CHECK(heartbeat->message.text == "Barn|Heartbeat");
  node.stamper.put(message("Barn|motion|still"));
  const auto second = hub.receive();
  REQUIRE(second);
  CHECK(second->seq() == 2);
  hub.reply(shown.front(), kShows);
  const auto next = hub.receive();
  REQUIRE(next);
  CHECK(next->message.live);
  hub.reply(*event, "OK 1");
  hub.reply(*second, "OK 2");
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
}

TEST_CASE("a demo sends nothing but its greeting to a hub that would store it, and goes on to the next") {
  for (const std::string greeting : {"OK", "OK imagehub/1.0.0 9f86d081884c7d65"}) {
    INFO(greeting);
    FakeHub unfit;
    FakeHub hub;
    Fixture node({unfit.address(), hub.address()}, true);
    node.link.start(node.liveness);
    const auto opening = unfit.receive();
    REQUIRE(opening);
    CHECK(opening->message.demo);
    unfit.reply(*opening, greeting);
    hub.greet(kShows);
    CHECK_FALSE(unfit.receive(kShort));
    // It may come before the greeting was taken, and be dropped then.
    std::optional<FakeHub::Request> event;
    for (int i = 0; i < 100 && !event; ++i) {
      node.stamper.put(message("Barn|motion|moving"));
      event = hub.receive(std::chrono::milliseconds(100));
    }
    REQUIRE(event);
    CHECK(event->message.demo);
    CHECK(event->seq() == 0);
  }
}
