/// The link between what is new and what comes from the spool.

#include <set>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/text.hpp"
#include "fake_hub.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/late_share.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"

using namespace imagenode;
using common::cat;
using common::DeliveryClass;
using common::kSecond;

namespace {

constexpr std::uint64_t kBoot = 77;
constexpr std::uint64_t kOldBoot = 5;

struct Fixture {
  explicit Fixture(const std::string& hub, int window = 10)
      : link(settings(hub, window), {"Barn", kBoot, {}}, outbox, clock) {
    outbox.on_put([this] { link.wake(); });
  }

  static LinkSettings settings(const std::string& hub, int window) {
    LinkSettings link;
    link.addresses = {hub};
    link.window = window;
    return link;
  }

  void put_events(int count) {
    for (int i = 0; i < count; ++i) stamper.put(message("Barn|motion|moving"));
  }

  /// As the spool gives it.
  void add_late(std::uint64_t boot, std::uint64_t first, std::uint64_t last, bool late = true) {
    std::vector<common::MessagePtr> messages;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      auto message = std::make_shared<common::Message>();
      message->text = "Barn|motion|still";
      message->boot = boot;
      message->seq = seq;
      message->time_ns = clock.utc_ns();
      message->late = late;
      message->crc = common::crc32c({});
      messages.push_back(std::move(message));
    }
    outbox.add_late(DeliveryClass::event, messages);
  }

  common::SystemClock clock;
  common::Liveness liveness;
  Outbox outbox{{100'000'000, Spooling::outage, 10 * kSecond, CatchUp::oldest_first}};
  Stamper stamper{kBoot, clock, {&outbox}};
  HubLink link;
};

using Key = std::tuple<std::uint64_t, bool, std::uint64_t>;  // boot, late, seq: lanes of one class

Key key_of(const FakeHub::Request& request) {
  return {request.message.boot.value_or(0), request.message.late, request.seq()};
}

}  // namespace

TEST_CASE("new messages go first, but every fourth is one of the backlog") {
  FakeHub hub;
  Fixture node(hub.address(), 1);
  node.put_events(6);
  node.add_late(kOldBoot, 101, 102);
  node.link.start(node.liveness);
  hub.greet();
  std::vector<std::uint64_t> seqs;
  for (int i = 0; i < 8; ++i) {
    const auto request = hub.next();
    REQUIRE(request);
    seqs.push_back(request->seq());
    hub.reply(*request, cat("OK ", request->seq()));
  }
  CHECK(seqs == std::vector<std::uint64_t>{1, 2, 3, 101, 4, 5, 6, 102});
}

TEST_CASE("of two messages with one number, from two boots, only one is under way") {
  FakeHub hub;
  Fixture node(hub.address());
  node.put_events(1);
  node.add_late(kOldBoot, 1, 1);
  node.link.start(node.liveness);
  hub.greet();
  const auto first = hub.next();
  REQUIRE(first);
  CHECK(first->message.boot == kBoot);
  CHECK_FALSE(hub.next(kShort));
  hub.reply(*first, "OK 1");
  const auto second = hub.next();
  REQUIRE(second);
  CHECK(second->message.boot == kOldBoot);
  CHECK(second->message.late);
}

TEST_CASE("an age that is not known is not told") {
  FakeHub hub;
  Fixture node(hub.address());
  node.add_late(kOldBoot, 1, 1);
  node.link.start(node.liveness);
  hub.greet();
  const auto request = hub.next();
  REQUIRE(request);
  CHECK_FALSE(request->message.age_us);
}

/// Plays a hub that stores now and then only and keeps to its contract: after RETRY n, RETRY to all later ones of that
/// lane until n comes again.
TEST_CASE(
    "each lane is stored in the order of its numbers, whatever the hub cannot store now and however often it dies") {
  FakeHub hub;
  const std::string address = hub.address();
  Fixture node(address);
  node.put_events(12);
  node.add_late(kOldBoot, 1, 6, false);
  node.add_late(kOldBoot, 7, 12);
  node.link.start(node.liveness);
  hub.greet();
  std::map<std::pair<std::uint64_t, bool>, std::uint64_t> held;
  std::map<std::pair<std::uint64_t, bool>, std::vector<std::uint64_t>> stored;
  std::set<Key> known;
  std::set<Key> refused_once;
  for (int step = 0; known.size() < 24; ++step) {
    const auto request = hub.next();
    REQUIRE(request);
    const auto [boot, late, seq] = key_of(*request);
    const std::pair lane{boot, late};
    if (step == 9 || step == 20) {
      hub.close();
      hub.bind(address);
      hub.greet();
      held.clear();
      continue;
    }
    const auto hold = held.find(lane);
    if (hold != held.end() && seq > hold->second) {
      hub.reply(*request, cat("RETRY ", seq, " an earlier one comes first"));
      continue;
    }
    if (seq % 5 == 3 && refused_once.insert(key_of(*request)).second) {
      held[lane] = seq;
      hub.reply(*request, cat("RETRY ", seq, " disk full"));
      continue;
    }
    held.erase(lane);
    if (known.insert(key_of(*request)).second) stored[lane].push_back(seq);
    hub.reply(*request, cat("OK ", seq));
  }
  CHECK(stored.size() == 3);
  for (const auto& [lane, seqs] : stored) {
    CHECK(std::ranges::is_sorted(seqs));
  }
}

TEST_CASE("of the backlog no more is under way than was acknowledged in half a second, or one message") {
  LateShare share;
  std::int64_t now = 1000 * kSecond;
  CHECK(share.allows(0, 1'000'000, now));
  CHECK_FALSE(share.allows(1'000, 1'000, now));
  share.acknowledged(5'000, now);
  CHECK(share.allows(3'000, 2'000, now));
  CHECK_FALSE(share.allows(3'001, 2'000, now));
  share.acknowledged(1'000, now + kSecond / 4);
  CHECK(share.allows(4'000, 2'000, now + kSecond / 2));
  CHECK_FALSE(share.allows(4'000, 2'000, now + kSecond * 6 / 10));
  CHECK(share.allows(0, 1'000'000, now + 10 * kSecond));
}
