#include "imagenode/link/spooler.hpp"

#include "catch.hpp"
#include "common/database.hpp"
#include "spooler_fixture.hpp"

using namespace spooler_test;

TEST_CASE("nothing is written while a hub answers, or not for longer than patience") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.put_images(3);
  clock.advance(9 * kSecond);
  CHECK(node.spooler.work() == clock.monotonic_ns() + kSecond);
  CHECK(node.spooler.status().messages == 0);
  node.hub_is_back();
  clock.advance(60 * kSecond);
  node.spooler.work();
  CHECK(node.spooler.status().messages == 0);
  CHECK(numbers(node.deliver(DeliveryClass::image, Lane::live)) == Seqs{1, 2, 3});
}

// What docs/reference/spool.md promises.
static_assert(Outbox::kGroupTime == 100 * kMillisecond);

TEST_CASE("in an outage what waits leaves memory, and comes back in order, as late") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.put_images(3);
  node.put("Barn|motion|moving");
  node.outage();
  CHECK(node.spooler.status().messages == 4);
  CHECK(node.outbox.counts().queued_messages == 0);
  node.put_images(2);
  CHECK(node.spooler.work() == clock.monotonic_ns() + Outbox::kGroupTime);  // in groups
  clock.advance(Outbox::kGroupTime);
  node.spooler.work();
  CHECK(node.spooler.status().messages == 6);
  node.hub_is_back();
  node.put_images(1);
  CHECK(numbers(node.deliver(DeliveryClass::image, Lane::live)) == Seqs{7});
  const auto late = node.deliver(DeliveryClass::image, Lane::late);
  CHECK(numbers(late) == Seqs{1, 2, 3, 5, 6});
  for (const auto& message : late) CHECK(message->late);
  CHECK(numbers(node.deliver(DeliveryClass::event, Lane::late)) == Seqs{4});
  clock.advance(kSecond);
  node.spooler.work();
  CHECK(node.spooler.status().messages == 0);
}

TEST_CASE("a message that was sent once keeps its lane, through an outage and a restart") {
  const TempFolder folder;
  FakeClock clock;
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    node.put_images(4);
    node.outbox.hub_answers(true, clock.monotonic_ns());
    node.outbox.take(DeliveryClass::image);
    node.outbox.take(DeliveryClass::image);
    node.outbox.hub_answers(false, clock.monotonic_ns());
    for (const std::uint64_t seq : {1U, 2U}) node.outbox.put_back({1, seq});
    node.outage();
    CHECK(node.spooler.status().messages == 4);
    CHECK(node.outbox.counts().queued_messages == 2);
    node.hub_is_back();
    node.put_images(1);
    // Before what is new.
    CHECK(node.outbox.take(DeliveryClass::image)->seq == 1);
    CHECK(node.outbox.take(DeliveryClass::image)->seq == 2);
    CHECK(node.outbox.take(DeliveryClass::image)->seq == 5);
  }
  Start node(folder, clock, 2, when(Spooling::outage));
  node.hub_is_back();
  const auto late = node.deliver(DeliveryClass::image, Lane::late);
  REQUIRE(numbers(late) == Seqs{1, 2, 3, 4});
  CHECK_FALSE(late[0]->late);
  CHECK_FALSE(late[1]->late);
  CHECK(late[2]->late);
  CHECK(late[0]->boot == 1);
}

TEST_CASE("what is delivered while it is written does not come again") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::always));
  node.put_images(2);
  node.hub_is_back();
  const auto work = node.outbox.spool_work(clock.monotonic_ns() + kSecond);
  REQUIRE(work.store.size() == 2);
  node.outbox.take(DeliveryClass::image);
  node.outbox.delivered({1, 1});
  node.outbox.stored(work.store);
  CHECK(node.outbox.spool_work(clock.monotonic_ns(), true).remove == std::vector<Identity>{{1, 1}});
}

TEST_CASE(
    "always: each message is on the disk after 200 ms, goes on being sent from memory, and leaves when delivered") {
  const TempFolder folder;
  FakeClock clock;
  {
    Start node(folder, clock, 1, when(Spooling::always));
    node.hub_is_back();
    node.put_images(3);
    clock.advance(Outbox::kGroupTime);
    node.spooler.work();
    CHECK(node.spooler.status().messages == 3);
    CHECK(numbers(node.deliver(DeliveryClass::image, Lane::late)).empty());
    CHECK(node.outbox.take(DeliveryClass::image)->seq == 1);
    node.outbox.delivered({1, 1});
    CHECK(node.outbox.take(DeliveryClass::image)->seq == 2);
    node.spooler.work();
    clock.advance(Outbox::kGroupTime);
    node.spooler.work();
    CHECK(node.spooler.status().messages == 2);
  }  // as by kill -9
  Start node(folder, clock, 2, when(Spooling::always));
  node.hub_is_back();
  const auto late = node.deliver(DeliveryClass::image, Lane::late);
  CHECK(numbers(late) == Seqs{2, 3});
  CHECK_FALSE(late[0]->late);
}

TEST_CASE("a full memory gives its oldest unsent images to the spool, and nothing is lost") {
  const TempFolder folder;
  FakeClock clock;
  for (const Spooling spooling : {Spooling::outage, Spooling::always}) {
    Start node(folder, clock, spooling == Spooling::outage ? 1 : 2, when(spooling, kMegabyte));
    node.hub_is_back();
    node.put("Barn|motion|moving");
    node.put_images(1, 100'000);
    node.outbox.take(DeliveryClass::image);
    for (int i = 0; i < 30; ++i) {
      node.put_images(1, 100'000);
      node.spooler.work();
    }
    const OutboxCounts counts = node.outbox.counts();
    CHECK(counts.dropped == std::array<std::uint64_t, 3>{});
    CHECK(counts.queued_bytes <= kMegabyte);
    CHECK(node.outbox.take(DeliveryClass::event)->seq == 1);
    node.outbox.delivered({node.stamper.boot(), 1});
    node.outbox.delivered({node.stamper.boot(), 2});
    const Seqs late = numbers(node.deliver(DeliveryClass::image, Lane::late));
    const Seqs live = numbers(node.deliver(DeliveryClass::image, Lane::live));
    REQUIRE(late.size() + live.size() == 30);
    CHECK(late.front() == 3);
    CHECK(late.back() + 1 == live.front());
    CHECK(std::ranges::is_sorted(late));
    CHECK(std::ranges::is_sorted(live));
    node.spooler.stop();
  }
}

TEST_CASE("at the stop everything goes to the spool, and the next start sends it with boot and time of capture") {
  const TempFolder folder;
  FakeClock clock;
  const std::int64_t captured = clock.utc;
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    node.hub_is_back();
    node.put_images(2);
    node.put("Barn|motion|moving");
    CHECK(node.spooler.stop() == 0);
  }
  clock.advance(3600 * kSecond);
  Start node(folder, clock, 2, when(Spooling::outage));
  CHECK(node.spooler.status().messages == 3);
  node.hub_is_back();
  const auto late = node.deliver(DeliveryClass::image, Lane::late);
  CHECK(numbers(late) == Seqs{1, 2});
  CHECK(late[0]->boot == 1);
  CHECK(late[0]->time_ns == captured);
  CHECK(clock.monotonic_ns() - late[0]->monotonic_ns == 3600 * kSecond);
}

TEST_CASE("a full spool gives up images before events, the oldest first, and never what a hub may wait for") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage), 1);
  node.put_images(1, 100'000);
  node.outbox.hub_answers(true, clock.monotonic_ns());
  node.outbox.take(DeliveryClass::image);
  node.outbox.hub_answers(false, clock.monotonic_ns());
  node.put("Barn|motion|moving");
  node.put_images(20, 100'000);
  node.outage();
  CHECK(node.spooler.status().bytes <= kMegabyte);
  const OutboxCounts counts = node.outbox.counts();
  CHECK(counts.dropped[index_of(DeliveryClass::image)] == 11);
  CHECK(counts.dropped[index_of(DeliveryClass::event)] == 0);
  node.outbox.put_back({1, 1});
  node.hub_is_back();
  CHECK(numbers(node.deliver(DeliveryClass::event, Lane::late)) == Seqs{2});
  CHECK(numbers(node.deliver(DeliveryClass::image, Lane::live)) == Seqs{1});
  CHECK(numbers(node.deliver(DeliveryClass::image, Lane::late)) == Seqs{14, 15, 16, 17, 18, 19, 20, 21, 22});
}

TEST_CASE("when only events are left, the oldest event gives way") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage), 1);
  for (int i = 0; i < 15; ++i) node.put("Barn|note|" + std::string(100'000, 'x'));
  node.outage();
  CHECK(node.outbox.counts().dropped[index_of(DeliveryClass::event)] == 5);
  CHECK(node.spooler.status().messages == 10);
}

TEST_CASE("what a hub refused is kept in the spool") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.hub_is_back();
  node.put_images(1);
  node.outbox.take(DeliveryClass::image);
  node.outbox.set_aside({1, 1}, "quota");
  node.spooler.work();
  SQLite::Database db(spool_file(folder).string(), SQLite::OPEN_READONLY);
  CHECK(db.execAndGet("SELECT reason FROM set_aside").getString() == "quota");
}

TEST_CASE("of what a hub refused so much waits for the disk, and all of it leaves the backlog") {
  const TempFolder folder;
  FakeClock clock;
  constexpr int kOver = 5;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.put_images(static_cast<int>(Outbox::kMaxRefused) + kOver);
  node.outage();
  node.hub_is_back();
  while (const auto message = node.outbox.take(DeliveryClass::image, Lane::late)) {
    node.outbox.set_aside(identity_of(*message), "quota");
  }
  CHECK(node.outbox.to_remove().size() == Outbox::kMaxRefused + kOver);  // not to be read again
  const auto work = node.outbox.spool_work(clock.monotonic_ns(), true);
  CHECK(work.refused.size() == Outbox::kMaxRefused);
  CHECK(work.remove.size() == kOver);  // the others' rows go when they are set aside
}

TEST_CASE("newest first: the newest of the backlog comes first, but what a hub held comes by number") {
  const TempFolder folder;
  FakeClock clock;
  OutboxSettings settings = when(Spooling::outage);
  settings.catch_up = CatchUp::newest_first;
  Start node(folder, clock, 1, settings);
  node.put_images(5);
  node.outage();
  node.hub_is_back();
  CHECK(node.outbox.take(DeliveryClass::image, Lane::late)->seq == 5);
  CHECK(node.outbox.take(DeliveryClass::image, Lane::late)->seq == 4);
  node.outbox.put_back({1, 5});
  node.outbox.put_back({1, 4});
  CHECK(numbers(node.deliver(DeliveryClass::image, Lane::late)) == Seqs{4, 5, 3, 2, 1});
}

TEST_CASE("what a node captured before its clock was set comes back, also after a restart of the computer") {
  const TempFolder folder;
  FakeClock clock;
  for (const bool kernel_knows : {true, false}) {
    clock.utc = 60 * kSecond;  // 1970
    clock.in_sync = !kernel_knows;
    const std::uint64_t boot = kernel_knows ? 1 : 3;
    {
      Start node(folder, clock, boot, when(Spooling::outage));
      node.put_images(3);
      CHECK(node.spooler.stop() == 0);
    }
    Start node(folder, clock, boot + 1, when(Spooling::outage));
    node.hub_is_back();
    const auto late = node.deliver(DeliveryClass::image, Lane::late);
    REQUIRE(numbers(late) == Seqs{1, 2, 3});
    CHECK_FALSE(late[0]->clock_synchronised);
    CHECK(node.spooler.stop() == 0);
  }
}

TEST_CASE("the thread of the spool writes what waits, and its wake-ups are not missed") {
  const TempFolder folder;
  FakeClock clock;
  common::Liveness liveness;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.spooler.start(liveness);
  node.put_images(3);
  clock.advance(60 * kSecond);
  node.put_images(1);
  // The first three may be on the disk already; then the last one waits for others, until its own time is over.
  clock.advance(60 * kSecond);
  CHECK(node.outbox.wait_until_empty(10 * kSecond));
  CHECK(node.spooler.stop() == 0);
  CHECK(node.spooler.status().messages == 4);
}
