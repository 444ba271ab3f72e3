#include "imagenode/link/hub_link.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <thread>

#include "catch.hpp"
#include "common/files.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "fake_hub.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using common::cat;

namespace {

struct Fixture {
  explicit Fixture(std::vector<std::string> addresses, double patience_s = 10, std::size_t outbox_bytes = 100'000'000)
      : outbox(OutboxSettings{outbox_bytes}),
        link({std::move(addresses), 10, 4, patience_s, std::nullopt}, {"Barn", 77, {}}, outbox, clock) {
    outbox.on_put([this] { link.wake(); });
  }

  void put_images(int count, std::size_t bytes = 12) {
    for (int i = 0; i < count; ++i) {
      common::Message message;
      message.text = "Barn door|image";
      message.node = "Barn";
      message.payload = common::Payload(common::Bytes(bytes, 1));
      message.array = common::ArrayForm{"uint8", {static_cast<std::int64_t>(bytes) / 6, 2, 3}};
      stamper.put(std::move(message));
    }
  }
  void put_event(const std::string& text) { stamper.put(message(text)); }

  common::SystemClock clock;
  common::Liveness liveness;
  Outbox outbox;
  Stamper stamper{77, clock, {&outbox}};
  HubLink link;
};

std::vector<std::uint64_t> take(FakeHub& hub, int count, std::vector<FakeHub::Request>* requests = nullptr) {
  std::vector<std::uint64_t> seqs;
  for (int i = 0; i < count; ++i) {
    auto request = hub.next();
    if (!request) break;
    seqs.push_back(request->seq());
    if (requests != nullptr) requests->push_back(std::move(*request));
  }
  return seqs;
}

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = first; i <= last; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("the opening keep-alive goes alone, then the window opens") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(15);
  node.link.start(node.liveness);
  const auto opening = hub.receive();
  REQUIRE(opening);
  CHECK(opening->message.text == "Barn|Heartbeat");
  CHECK(opening->message.boot == 77);
  CHECK_FALSE(opening->message.seq);
  CHECK_FALSE(hub.receive(kShort));
  hub.reply(*opening, "OK imagehub/1.0.0 test");
  std::vector<FakeHub::Request> requests;
  CHECK(take(hub, 10, &requests) == numbers(1, 10));
  CHECK_FALSE(hub.next(kShort));
  hub.reply(requests[0], "OK 1");
  CHECK(hub.next()->seq() == 11);
}

TEST_CASE("a window as large as the memory leaves half of it for what is new") {
  FakeHub hub;
  Fixture node({hub.address()}, 10, 1'000'000);  // the window takes 4 MB
  node.link.start(node.liveness);
  hub.greet();
  node.put_images(4, 180'000);
  std::vector<FakeHub::Request> requests;
  CHECK(take(hub, 2, &requests) == numbers(1, 2));
  CHECK_FALSE(hub.next(kShort));
  node.put_images(1, 180'000);
  CHECK(node.outbox.counts().dropped == std::array<std::uint64_t, 3>{});
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    hub.reply(requests.at(seq - 1), cat("OK ", seq));
    if (seq <= 3) take(hub, 1, &requests);
  }
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
}

TEST_CASE("a message captured after the link looked at the clock has no negative age") {
  FakeHub hub;
  Fixture node({hub.address()});
  common::Message message;
  message.text = "Barn|motion|moving";
  message.monotonic_ns = node.clock.monotonic_ns() + common::kSecond;
  node.stamper.put(std::move(message));
  node.link.start(node.liveness);
  hub.greet();
  const auto request = hub.next();
  REQUIRE(request);
  CHECK(request->message.age_us == 0);
}

TEST_CASE("a hub that is not ours gets one message at a time") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(3);
  node.link.start(node.liveness);
  hub.greet("OK");
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    const auto request = hub.next();
    REQUIRE(request);
    CHECK(request->seq() == seq);
    if (seq == 1) CHECK_FALSE(hub.receive(kShort));
    hub.reply(*request, "OK");
  }
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
}

TEST_CASE("after RETRY everything of the class comes again in order, and others go on") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(3);
  node.link.start(node.liveness);
  hub.greet();
  std::vector<FakeHub::Request> requests;
  REQUIRE(take(hub, 3, &requests) == numbers(1, 3));
  hub.reply(requests[0], "OK 1");
  hub.reply(requests[1], "RETRY 2 disk full");
  node.put_event("Barn|motion|moving");
  const auto event = hub.next();
  REQUIRE(event);
  CHECK(event->seq() == 4);
  hub.reply(*event, "OK 4");
  hub.reply(requests[2], "RETRY 3 after 2");
  CHECK(take(hub, 2) == numbers(2, 3));
}

TEST_CASE("what is rejected is set aside and counted") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(2);
  node.link.start(node.liveness);
  hub.greet();
  std::vector<FakeHub::Request> requests;
  REQUIRE(take(hub, 2, &requests) == numbers(1, 2));
  hub.reply(requests[0], "REJECT 1 quota");
  hub.reply(requests[1], "OK 2");
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
  CHECK(node.outbox.counts().set_aside[static_cast<int>(common::DeliveryClass::image)] == 1);
}

TEST_CASE("what was unanswered when a hub died is sent again, in order, to the one that takes its place") {
  FakeHub hub;
  const std::string address = hub.address();
  Fixture node({address});
  node.put_images(5);
  node.link.start(node.liveness);
  hub.greet();
  std::vector<FakeHub::Request> requests;
  REQUIRE(take(hub, 5, &requests) == numbers(1, 5));
  hub.reply(requests[0], "OK 1");
  // The answer must have arrived before the hub goes.
  while (node.outbox.counts().queued_messages == 5) std::this_thread::yield();
  hub.close();
  hub.bind(address);
  hub.greet();
  CHECK(take(hub, 4) == numbers(2, 5));
}

TEST_CASE("a silent hub loses to the next address") {
  FakeHub silent;
  FakeHub second;
  Fixture node({silent.address(), second.address()}, 0.2);
  node.put_images(2);
  node.link.start(node.liveness);
  second.greet();
  CHECK(take(second, 2) == numbers(1, 2));
}

TEST_CASE("a hub that shuts down is left at once") {
  FakeHub first;
  FakeHub second;
  Fixture node({first.address(), second.address()});
  node.put_images(1);
  node.link.start(node.liveness);
  first.greet();
  const auto request = first.next();
  REQUIRE(request);
  first.reply(*request, "RETRY 1 shutting down");
  second.greet();
  CHECK(second.next()->seq() == 1);
}

TEST_CASE("the only hub is not called without a pause while it shuts down") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(1);
  node.link.start(node.liveness);
  int connections = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  while (std::chrono::steady_clock::now() < end) {
    const auto request = hub.receive(kShort);
    if (!request) continue;
    connections += request->seq() == 0 ? 1 : 0;
    hub.reply(*request, request->seq() == 0 ? "OK imagehub/1.0.0 test" : "RETRY 1 shutting down");
  }
  CHECK(connections >= 1);
  CHECK(connections <= 3);
}

TEST_CASE("WAIT keeps patience from running out") {
  FakeHub hub;
  Fixture node({hub.address()}, 0.3);
  node.put_images(1);
  node.link.start(node.liveness);
  hub.greet();
  const auto request = hub.next();
  REQUIRE(request);
  for (int i = 0; i < 6; ++i) {
    CHECK_FALSE(hub.receive(std::chrono::milliseconds(150)));  // a new connection would send its keep-alive here
    hub.reply(*request, "WAIT storing");
  }
  hub.reply(*request, "OK 1");
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
  CHECK(node.link.status().connections == 1);
}

TEST_CASE("a message that kills the connection while others pass is set aside") {
  FakeHub hub;
  const std::string address = hub.address();
  Fixture node({address});
  node.put_images(20);
  node.link.start(node.liveness);
  std::set<std::uint64_t> stored;
  const auto image = static_cast<std::size_t>(common::DeliveryClass::image);
  while (node.outbox.counts().queued_messages > 0) {
    hub.greet();
    for (bool alive = true; alive;) {
      const auto request = hub.next(kShort);
      if (!request) break;
      alive = request->seq() != 3;
      if (!alive) break;
      stored.insert(request->seq());
      hub.reply(*request, cat("OK ", request->seq()));
    }
    hub.close();
    hub.bind(address);
  }
  CHECK(node.outbox.counts().set_aside[image] == 1);
  CHECK(stored.size() == 19);
  CHECK_FALSE(stored.contains(3));
}

TEST_CASE("what a hub acknowledged stands in the ledger before the next message comes") {
  const TempFolder folder;
  FakeHub hub;
  common::SystemClock clock;
  common::Liveness liveness;
  Outbox outbox({1'000'000});
  Stamper stamper(77, clock, {&outbox});
  Ledger ledger(folder.disk, folder.path() / "ledger.tsv");
  LinkSettings settings;
  settings.addresses = {hub.address()};
  settings.window = 1;
  HubLink link(settings, {"Barn", 77, {}}, outbox, clock, &ledger);
  for (int i = 0; i < 2; ++i) stamper.put(message("Barn|motion|moving"));
  link.start(liveness);
  hub.greet("OK imagehub/1.0.0 0123abcd");
  const auto first = hub.next();
  REQUIRE(first);
  hub.reply(*first, "OK 1");
  REQUIRE(hub.next());
  const std::string text = common::read_text_file(folder.path() / "ledger.tsv");
  CHECK(text.starts_with("000000000000004d\t1\t"));
  CHECK(text.ends_with("\tevent\t0\t0\t0123abcd\tBarn|motion|moving\n"));
}

TEST_CASE("a keep-alive tells each hub what that one acknowledged, and what gave way") {
  DeliveryReport report;
  const common::SystemClock clock;
  Outbox outbox({1});
  Stamper stamper(1, clock, {&outbox});
  stamper.put(message("Barn|x"));  // larger than the bound: it gives way
  report.delivered("a", 5);
  report.delivered("a", 3);
  report.delivered("b", 6);
  const auto told = [&](const std::string& hub) {
    common::Message keep_alive;
    report.add_to(keep_alive, hub, outbox.counts());
    return keep_alive.fields;
  };
  CHECK(told("a").at("delivered_here") == 2);
  CHECK(told("a").at("delivered_to") == 5);
  CHECK(told("b").at("delivered_here") == 1);
  CHECK(told("an empty one").at("delivered_here") == 0);
  CHECK(told("a").at("dropped") == 1);
  CHECK(told("a").at("set_aside") == 0);
  for (int i = 0; i < 200; ++i) report.delivered(std::to_string(i), 1);
  CHECK(told("a").at("delivered_here") == 0);
}

TEST_CASE("a link goes on counting where the one before it was") {
  FakeHub hub;
  FakeClock clock;
  common::Liveness liveness;
  Outbox outbox({1'000'000});
  Stamper stamper(77, clock, {&outbox});
  LinkSettings settings;
  settings.addresses = {hub.address()};
  HubLink before(settings, {"Barn", 77, {}}, outbox, clock);
  stamper.put(message("Barn|motion|moving"));
  before.start(liveness);
  hub.greet();
  const auto request = hub.next();
  REQUIRE(request);
  hub.reply(*request, "OK 1");
  REQUIRE(outbox.wait_until_empty(10 * common::kSecond));
  before.stop();

  HubLink link(settings, {"Barn", 77, {}}, outbox, clock);
  link.succeed(before);
  link.start(liveness);
  hub.greet();
  while (!link.status().connected) std::this_thread::yield();
  std::optional<FakeHub::Request> keep_alive;
  for (int i = 0; i < 30 && !keep_alive; ++i) {
    clock.advance(60 * common::kSecond);
    link.wake();
    keep_alive = hub.receive(kShort);
  }
  REQUIRE(keep_alive);
  CHECK(keep_alive->message.fields.at("delivered_here") == 1);
}

TEST_CASE("a link that is stopped waits for answers as long as it may, and sends nothing more") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(15);
  node.link.start(node.liveness);
  hub.greet();
  std::vector<FakeHub::Request> requests;
  REQUIRE(take(hub, 10, &requests) == numbers(1, 10));
  auto stopped = std::async(std::launch::async, [&] { node.link.stop(60 * common::kSecond); });
  CHECK(stopped.wait_for(std::chrono::seconds(1)) == std::future_status::timeout);
  for (const auto& request : requests) hub.reply(request, cat("OK ", request.seq()));
  CHECK_FALSE(hub.next(kShort));
  stopped.get();
  CHECK(node.outbox.counts().queued_messages == 5);
}

TEST_CASE("a link that is stopped keeps what stays unanswered") {
  FakeHub hub;
  Fixture node({hub.address()});
  node.put_images(3);
  node.link.start(node.liveness);
  hub.greet();
  REQUIRE(take(hub, 3) == numbers(1, 3));
  node.link.stop(50 * common::kMillisecond);
  CHECK(node.outbox.counts().queued_messages == 3);
  CHECK(node.outbox.next(common::DeliveryClass::image)->identity.seq == 1);
}

TEST_CASE("a hub of ours gives commands; what looks like one from another hub is no command") {
  for (const bool ours : {true, false}) {
    FakeHub hub;
    Fixture node({hub.address()});
    std::promise<std::string> given;
    std::atomic<int> commands = 0;
    node.link.on_command([&](std::uint64_t id, const std::string& text) {
      if (++commands == 1) given.set_value(cat(id, ' ', text));
    });
    node.put_images(1);
    node.link.start(node.liveness);
    hub.greet(ours ? "OK imagehub/1.0.0 test" : "OK");
    const auto request = hub.next();
    REQUIRE(request);
    hub.reply(*request, "CMD 5 Still");
    hub.reply(*request, ours ? "OK 1" : "OK");
    CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
    CHECK(commands == (ours ? 1 : 0));
    if (ours) CHECK(given.get_future().get() == "5 Still");
  }
}
