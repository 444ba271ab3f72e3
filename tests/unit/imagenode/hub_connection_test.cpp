#include "imagenode/link/hub_connection.hpp"

#include "common/clock.hpp"
#include "fake_hub.hpp"
#include "imagenode/link/greeting.hpp"

using namespace imagenode;

namespace {

common::Message keep_alive() {
  common::Message message;
  message.text = "Barn|Heartbeat";
  return message;
}

void wait_for(HubConnection& connection, HubConnection::State state) {
  // Each wait ends with news of the connection.
  for (int i = 0; i < 10 && connection.state() != state; ++i) connection.wait(-1, common::kSecond);
  REQUIRE(connection.state() == state);
}

}  // namespace

TEST_CASE("a connection that broke is not made again behind the back of the link") {
  FakeHub hub;
  HubConnection connection(hub.address());
  connection.send(keep_alive(), 0);
  REQUIRE(hub.receive());
  hub.close();
  wait_for(connection, HubConnection::State::broken);
  connection.send(keep_alive(), 0);
  hub.bind(hub.address());
  CHECK_FALSE(hub.receive(2 * kShort));
  CHECK(connection.broken());
}

TEST_CASE("a connection to where nobody is says so, and is not made later") {
  FakeHub hub;
  hub.close();
  HubConnection connection(hub.address());
  connection.send(keep_alive(), 0);
  wait_for(connection, HubConnection::State::refused);
  hub.bind(hub.address());
  CHECK_FALSE(hub.receive(2 * kShort));
  CHECK(connection.state() == HubConnection::State::refused);
}

TEST_CASE("an address that cannot be reached is refused, and not waited for") {
  // A name would do as well, but its refusal can take as long as a resolver likes.
  HubConnection connection("tcp://255.255.255.255:5555");
  wait_for(connection, HubConnection::State::refused);
}

TEST_CASE("a hub that comes before the deadline is greeted then, with pauses that double") {
  FakeHub hub;
  hub.close();
  std::int64_t now = 0;
  Greeting greeting(hub.address(), keep_alive(), 1000 * common::kSecond);
  std::vector<std::int64_t> pauses;
  while (pauses.size() < 7) {
    wait_for(greeting.connection(), HubConnection::State::refused);
    REQUIRE(greeting.look(now) == Greeting::State::waiting);
    pauses.push_back((greeting.next_ns() - now) / common::kMillisecond);
    now = greeting.next_ns();
    REQUIRE(greeting.look(now - 1) == Greeting::State::waiting);
    CHECK(greeting.next_ns() == now);
    if (pauses.size() == 7) hub.bind(hub.address());
    REQUIRE(greeting.look(now) == Greeting::State::waiting);
  }
  CHECK(pauses == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 2000, 2000});
  hub.greet();
  greeting.connection().wait(-1, 10 * common::kSecond);
  for (int i = 0; i < 10 && greeting.look(now) == Greeting::State::waiting; ++i) {
    greeting.connection().wait(-1, common::kSecond);
  }
  CHECK(greeting.look(now) == Greeting::State::answered);
}
