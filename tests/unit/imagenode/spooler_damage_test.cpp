#include "imagenode/link/spooler.hpp"

#include "catch.hpp"
#include "common/database.hpp"
#include "spooler_fixture.hpp"

using namespace spooler_test;

TEST_CASE("a disk that does not take is told once, tried again with back-off, and messages stay in memory") {
  const TempFolder folder;
  FakeClock clock;
  const auto state = folder.path() / "state";
  write_file(state, {1});  // a file where the folder should be
  Start node(folder, clock, 1, when(Spooling::outage));
  node.put_images(3);
  node.outage();
  CHECK(node.spooler.status().failing);
  CHECK(node.outbox.counts().queued_messages == 3);
  std::int64_t waited = 0;
  for (int i = 0; i < 8; ++i) {
    const std::int64_t next = node.spooler.work();
    CHECK(next - clock.monotonic_ns() >= waited);
    waited = next - clock.monotonic_ns();
    clock.advance(waited);
  }
  CHECK(waited == 60 * kSecond);
  REQUIRE(node.reports.size() == 1);
  CHECK(node.reports[0].starts_with("failing|"));
  std::filesystem::remove(state);
  clock.advance(60 * kSecond);
  node.spooler.work();
  CHECK_FALSE(node.spooler.status().failing);
  CHECK(node.spooler.status().messages == 3);
  CHECK(node.reports.back() == "working");
}

TEST_CASE("a corrupt spool is set aside, reported, and a fresh one begun") {
  const TempFolder folder;
  FakeClock clock;
  std::filesystem::create_directories(folder.path() / "state");
  write_file(folder.path() / "state" / "Barn.sqlite3", common::Bytes(10'000, 'x'));
  Start node(folder, clock, 1, when(Spooling::outage));
  REQUIRE(node.reports.size() == 1);
  CHECK(node.reports[0].starts_with("corrupt|Barn.sqlite3.corrupt-20"));
  node.put_images(3);
  node.outage();
  CHECK(node.spooler.status().messages == 3);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "state")) {
    files += entry.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
  }
  CHECK(files == 1);
}

TEST_CASE("what can be read of a corrupt spool is saved") {
  const TempFolder folder;
  FakeClock clock;
  const auto file = folder.path() / "state" / "Barn.sqlite3";
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    for (int i = 0; i < 50; ++i) node.put("Barn|note|" + std::to_string(i));
    node.put_images(50, 20'000);
    CHECK(node.spooler.stop() == 0);
  }
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
  // Somewhere in the middle lie pictures.
  const auto size = std::filesystem::file_size(file);
  common::Disk().open(file, common::OpenMode::change)->write(size / 2, common::Bytes(100'000, 'x'));
  Start node(folder, clock, 2, when(Spooling::outage));
  node.hub_is_back();
  CHECK(node.deliver(DeliveryClass::event, Lane::late).size() == 50);
  CHECK(node.deliver(DeliveryClass::image, Lane::late).size() >= 5);
}

TEST_CASE("what does not reach the disk is sent before what is newer, by the lane that it had") {
  const TempFolder folder;
  FakeClock clock;
  Start node(folder, clock, 1, when(Spooling::outage));
  node.put_images(3);
  clock.advance(11 * kSecond);
  const auto work = node.outbox.spool_work(clock.monotonic_ns());
  REQUIRE(work.store.size() == 3);
  node.outbox.hub_answers(true, clock.monotonic_ns());
  node.put_images(1);
  CHECK_FALSE(node.outbox.take(DeliveryClass::image));  // 1 to 3 are on their way to the disk
  node.outbox.not_stored(work.store);
  const auto live = node.deliver(DeliveryClass::image, Lane::live);
  CHECK(numbers(live) == Seqs{1, 2, 3, 4});
  for (const auto& message : live) CHECK_FALSE(message->late);
}

TEST_CASE("what is read back while the disk takes nothing comes without waiting for the next try") {
  const TempFolder folder;
  FakeClock clock;
  const auto file = folder.path() / "state" / "Barn.sqlite3";
  constexpr int kMessages = 1200;  // more than is read ahead
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    node.put_images(kMessages);
    CHECK(node.spooler.stop() == 0);
  }
  Start node(folder, clock, 2, when(Spooling::outage));
  SQLite::Database other(file.string(), SQLite::OPEN_READWRITE);
  other.exec("CREATE TRIGGER t BEFORE INSERT ON payloads BEGIN SELECT RAISE(FAIL, 'no'); END");
  other.exec("CREATE TRIGGER u BEFORE DELETE ON messages BEGIN SELECT RAISE(FAIL, 'no'); END");
  node.put_images(1);
  node.outage();
  REQUIRE(node.spooler.status().failing);
  node.hub_is_back();
  CHECK(node.deliver(DeliveryClass::image, Lane::late).size() == kMessages);  // the clock stands still
  CHECK(node.spooler.status().failing);

  // Nothing to write is no proof that the disk takes it again.
  CHECK(node.reports.size() == 1);
  other.exec("DROP TRIGGER t");
  other.exec("DROP TRIGGER u");
  clock.advance(120 * kSecond);
  node.spooler.work();
  CHECK(node.reports.back() == "working");
  CHECK(node.spooler.status().messages == 0);
}

TEST_CASE("what was read ahead of a file that is lost counts as being in memory only") {
  const TempFolder folder;
  FakeClock clock;
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    node.put_images(3);
    CHECK(node.spooler.stop() == 0);
  }
  Start node(folder, clock, 2, when(Spooling::outage));
  node.hub_is_back();
  CHECK(node.outbox.only_in_memory() == 0);
  node.outbox.spool_lost();
  CHECK(node.outbox.only_in_memory() == 3);
  node.spooler.work();
  CHECK(node.outbox.only_in_memory() == 0);
}
