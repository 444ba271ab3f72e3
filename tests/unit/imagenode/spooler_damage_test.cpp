#include "imagenode/link/spooler.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"
#include "common/database.hpp"
#include "common/disk.hpp"
#include "spooler_fixture.hpp"

using namespace spooler_test;

TEST_CASE("a disk that does not take is told once, tried again with back-off, and messages stay in memory") {
  const TempFolder folder;
  FakeClock clock;
  const auto state = spool_file(folder).parent_path();
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
  const auto file = spool_file(folder);
  std::filesystem::create_directories(file.parent_path());
  write_file(file, common::Bytes(10'000, 'x'));
  Start node(folder, clock, 1, when(Spooling::outage));
  REQUIRE(node.reports.size() == 1);
  CHECK(node.reports[0].starts_with("corrupt|Barn.sqlite3.corrupt-20"));
  node.put_images(3);
  node.outage();
  CHECK(node.spooler.status().messages == 3);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
    files += entry.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
  }
  CHECK(files == 1);
}

TEST_CASE("what can be read of a corrupt spool is saved") {
  const TempFolder folder;
  FakeClock clock;
  const auto file = spool_file(folder);
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
  const auto file = spool_file(folder);
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

namespace {

/// Writes over a part of each of these pages of an SQLite file.
void destroy_pages(const std::filesystem::path& file, const std::vector<std::int64_t>& pages) {
  const auto out = common::Disk().open(file, common::OpenMode::change);
  for (const std::int64_t page : pages) {
    out->write(static_cast<std::uint64_t>(page - 1) * 4096, common::Bytes(4096, 'x'));
  }
}

/// Leaf pages of the table of messages, in the order of its key.
std::vector<std::int64_t> leaves_of_messages(const std::filesystem::path& file) {
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  std::vector<std::int64_t> pages;
  SQLite::Statement query(db, "SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf' ORDER BY path");
  while (query.executeStep()) pages.push_back(query.getColumn(0).getInt64());
  return pages;
}

}  // namespace

TEST_CASE("of a spool with bad pages everything else is saved, and what is missing is told with its time") {
  const TempFolder folder;
  FakeClock clock;
  const auto file = spool_file(folder);
  constexpr int kMessages = 1000;
  {
    Start node(folder, clock, 1, when(Spooling::outage));
    for (int i = 0; i < kMessages; ++i) {
      clock.advance(kSecond);
      node.put_images(1);
    }
    node.put("Barn|motion|refused");
    node.outbox.take(DeliveryClass::event);
    node.outbox.set_aside({1, kMessages + 1}, "quota");
    CHECK(node.spooler.stop() == 0);
  }
  const auto pages = leaves_of_messages(file);
  REQUIRE(pages.size() > 20);
  const std::size_t middle = pages.size() / 2;
  destroy_pages(file, {pages[3], pages[middle], pages[pages.size() - 4]});
  Start node(folder, clock, 2, when(Spooling::outage));
  node.hub_is_back();
  const auto numbers_saved = numbers(node.deliver(DeliveryClass::image, Lane::late));
  // A page holds some twenty messages.
  CHECK(numbers_saved.size() > kMessages - 3 * 30);
  CHECK(numbers_saved.size() < kMessages);
  CHECK(std::ranges::is_sorted(numbers_saved));
  CHECK(numbers_saved.front() == 1);
  CHECK(numbers_saved.back() == kMessages);
  REQUIRE(node.reports.size() == 1);
  const auto told = node.reports[0].find(" missing, captured from 20");
  REQUIRE(told != std::string::npos);
  CHECK(node.reports[0].find(" to 20", told) != std::string::npos);
  node.spooler.stop();
  SQLite::Database db(file.string());
  CHECK(db.execAndGet("SELECT reason FROM set_aside").getString() == "quota");
}

TEST_CASE("of damaged files the newest three are kept") {
  const TempFolder folder;
  FakeClock clock;
  const auto state = spool_file(folder).parent_path();
  std::filesystem::create_directories(state);
  for (const char* name :
       {"Barn.sqlite3.corrupt-2020-01-01", "Barn.sqlite3.corrupt-2020-01-01-wal", "Barn.sqlite3.corrupt-2020-01-02",
        "Barn.sqlite3.corrupt-2020-01-03", "Other.corrupt-2019"}) {
    write_file(state / name, {1});
  }
  write_file(spool_file(folder), common::Bytes(10'000, 'x'));
  const Start node(folder, clock, 1, when(Spooling::outage));
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(state)) {
    const std::string name = entry.path().filename();
    if (name.find(".corrupt-") != std::string::npos) names.insert(name.substr(0, name.find(".corrupt-") + 19));
  }
  CHECK(names.size() == 4);
  CHECK_FALSE(names.contains("Barn.sqlite3.corrupt-2020-01-01"));
  CHECK(names.contains("Barn.sqlite3.corrupt-2020-01-02"));
  CHECK(names.contains("Other.corrupt-2019"));
}
