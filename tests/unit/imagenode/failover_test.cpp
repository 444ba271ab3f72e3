/// The link among several hubs: which one it uses, and how it goes back to the first.

#include <mutex>

#include "catch.hpp"
#include "common/text.hpp"
#include "fake_hub.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"

using namespace imagenode;
using common::cat;

namespace {

LinkSettings settings(std::vector<std::string> addresses, double retry_first_s) {
  LinkSettings link;
  link.addresses = std::move(addresses);
  link.patience_s = 0.5;
  link.retry_first_s = retry_first_s;
  return link;
}

struct Fixture {
  explicit Fixture(const LinkSettings& link_settings, HubAddresses addresses = {})
      : link(link_settings, {"Barn", 77, {}}, outbox, clock, nullptr, std::move(addresses)) {
    outbox.on_put([this] { link.wake(); });
  }

  void put_event() { stamper.put(message("Barn|motion|moving")); }

  common::SystemClock clock;
  common::Liveness liveness;
  Outbox outbox{OutboxSettings{100'000'000}};
  Stamper stamper{77, clock, {&outbox}};
  HubLink link;
};

void expect_event(FakeHub& hub, std::uint64_t seq) {
  const auto request = hub.next();
  REQUIRE(request);
  CHECK(request->seq() == seq);
  hub.reply(*request, cat("OK ", seq));
}

/// An address where nobody listens.
std::string dead_address() {
  FakeHub hub;
  return hub.address();
}

/// A list of addresses that changes.
class Announced {
 public:
  void set(std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
  }
  std::vector<std::string> get() const {
    const std::lock_guard lock(mutex_);
    return addresses_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> addresses_;
};

}  // namespace

TEST_CASE("the first hub that answers is used, and left for the first of the list when that is back") {
  const std::string first_address = dead_address();
  FakeHub second;
  Fixture node(settings({first_address, second.address()}, 0.3));
  node.put_event();
  node.link.start(node.liveness);
  second.greet();
  expect_event(second, 1);
  CHECK(node.link.status().address == second.address());

  // While the first one is asked again and again, the second one gets what comes.
  for (std::uint64_t seq = 2; seq <= 4; ++seq) {
    node.put_event();
    expect_event(second, seq);
    CHECK_FALSE(second.receive(kShort));
  }
  FakeHub first(first_address);
  first.greet();
  while (node.link.status().connections < 2) std::this_thread::yield();
  node.put_event();
  expect_event(first, 5);
  CHECK(node.link.status().address == first_address);
  CHECK(node.link.status().connections == 2);
}

TEST_CASE("what is under way is answered before the link goes back to the first hub") {
  const std::string first_address = dead_address();
  FakeHub second;
  LinkSettings link = settings({first_address, second.address()}, 0.3);
  link.patience_s = 10;
  link.addresses = {second.address()};
  Announced announced;
  announced.set({second.address()});
  Fixture node(link, [&] { return announced.get(); });
  node.put_event();
  node.link.start(node.liveness);
  second.greet();
  const auto under_way = second.next();
  REQUIRE(under_way);
  announced.set({first_address, second.address()});
  FakeHub first(first_address);
  first.greet();
  // Once the link knows that the first one is back, nothing new goes to the one that is left.
  std::uint64_t seq = 1;
  for (std::optional<FakeHub::Request> passed = under_way; passed && seq < 1000;) {
    node.put_event();
    ++seq;
    passed = second.next(kShort);
    if (passed) second.reply(*passed, cat("OK ", seq));
  }
  CHECK_FALSE(first.next(kShort));
  second.reply(*under_way, "OK 1");
  expect_event(first, seq);
  CHECK(node.outbox.wait_until_empty(10 * common::kSecond));
}

TEST_CASE("a hub that never answers what is under way is left all the same") {
  FakeHub first;
  FakeHub second;
  Announced announced;
  announced.set({second.address()});
  Fixture node(settings({}, 0.3), [&] { return announced.get(); });
  node.put_event();
  node.link.start(node.liveness);
  second.greet();
  const auto under_way = second.next();
  REQUIRE(under_way);
  announced.set({first.address(), second.address()});
  // WAIT keeps the link patient.
  std::thread patient([&] {
    for (int i = 0; i < 20; ++i) {
      (void)second.receive(std::chrono::milliseconds(50));
      second.reply(*under_way, "WAIT storing");
    }
  });
  first.greet();
  expect_event(first, 1);
  patient.join();
}

TEST_CASE("a first hub that takes connections and never answers costs the other one nothing") {
  FakeHub first;  // never replies
  FakeHub second;
  Fixture node(settings({first.address(), second.address()}, 0.2));
  node.link.start(node.liveness);
  second.greet();
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    node.put_event();
    expect_event(second, seq);
    CHECK_FALSE(second.receive(kShort));
  }
  CHECK(node.link.status().connections == 1);
  CHECK(first.receive());
  CHECK(first.receive());  // it was asked more than once
}

TEST_CASE("a hub that shuts down is left, and the first of the list is preferred among the others") {
  FakeHub first;
  FakeHub second;
  FakeHub third;
  Fixture node(settings({first.address(), second.address(), third.address()}, 300));
  node.put_event();
  node.link.start(node.liveness);
  const auto sent_away = [&](FakeHub& hub) {
    hub.greet();
    const auto request = hub.next();
    REQUIRE(request);
    hub.reply(*request, "RETRY 1 shutting down");
  };
  sent_away(first);
  sent_away(second);
  first.greet();
  expect_event(first, 1);
}

TEST_CASE("a link without an address waits until one is known") {
  FakeHub hub;
  Announced announced;
  Fixture node(settings({}, 300), [&] { return announced.get(); });
  node.put_event();
  node.link.start(node.liveness);
  CHECK_FALSE(hub.receive(kShort));
  CHECK(node.link.status().address.empty());
  announced.set({hub.address()});
  node.link.wake();
  hub.greet();
  expect_event(hub, 1);
}

TEST_CASE("a hub that comes back elsewhere is not kept waiting by its old address") {
  const std::string old_address = dead_address();
  FakeHub hub;
  Announced announced;
  announced.set({old_address});
  LinkSettings patient = settings({}, 300);
  patient.patience_s = 3600;
  Fixture node(patient, [&] { return announced.get(); });
  node.put_event();
  node.link.start(node.liveness);
  while (node.link.status().address != old_address) std::this_thread::yield();
  announced.set({hub.address()});
  node.link.wake();
  hub.greet();
  expect_event(hub, 1);
}
