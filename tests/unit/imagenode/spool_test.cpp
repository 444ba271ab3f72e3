#include "imagenode/link/spool.hpp"

#include <sqlite3.h>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/database.hpp"
#include "fake_clock.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using common::DeliveryClass;

namespace {

constexpr std::size_t kAll = 1'000'000;

struct Fixture {
  TempFolder folder;
  FakeClock clock;
  std::filesystem::path file = folder.path() / "state" / "Barn.sqlite3";

  Spool open(std::uint64_t boot, const std::string& kernel = "kernel-1") {
    return Spool(folder.disk, file, boot, kernel, clock);
  }

  common::MessagePtr message(std::uint64_t boot, std::uint64_t seq, const std::string& text = "Barn door|image") const {
    auto made = std::make_shared<common::Message>();
    made->text = text;
    made->node = "Barn";
    made->boot = boot;
    made->seq = seq;
    made->time_ns = clock.utc_ns();
    made->monotonic_ns = clock.monotonic_ns();
    made->clock_synchronised = clock.synchronised();
    made->fields["n"] = 0.5;
    if (class_of(*made) == DeliveryClass::image) {
      made->payload = common::Payload(common::Bytes(1200, static_cast<std::uint8_t>(seq)));
      made->array = common::ArrayForm{"uint8", {20, 20, 3}};
    }
    made->crc = common::crc32c(made->payload.view());
    return made;
  }
};

std::vector<Identity> read(Spool& spool, DeliveryClass delivery_class, const std::set<Identity>& skip = {},
                           Spool::Order order = Spool::Order::oldest_first) {
  std::vector<Identity> identities;
  for (const auto& message : spool.read(delivery_class, order, skip, kAll, kAll)) {
    identities.push_back(identity_of(*message));
  }
  return identities;
}

}  // namespace

TEST_CASE("what was put into a spool comes back the same after a restart") {
  Fixture fixture;
  const auto image = fixture.message(7, 1);
  const auto event = fixture.message(7, 2, "Barn|motion|moving");
  {
    Spool spool = fixture.open(7);
    spool.append({{image, true}, {event, false}});
  }
  fixture.clock.advance(5 * common::kSecond);
  Spool spool = fixture.open(8);
  CHECK(spool.counts().total() == 2);
  const auto images = spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, kAll, kAll);
  REQUIRE(images.size() == 1);
  CHECK(images[0]->late);
  CHECK(identity_of(*images[0]) == Identity{7, 1});
  CHECK(images[0]->time_ns == image->time_ns);
  CHECK(images[0]->monotonic_ns == image->monotonic_ns);
  CHECK(images[0]->fields == image->fields);
  CHECK(std::ranges::equal(images[0]->payload.view(), image->payload.view()));
  const auto events = spool.read(DeliveryClass::event, Spool::Order::oldest_first, {}, kAll, kAll);
  REQUIRE(events.size() == 1);
  CHECK_FALSE(events[0]->late);
  CHECK(events[0]->payload.empty());
}

TEST_CASE("a spool is read by the order of the boots and by number, without what is in memory") {
  Fixture fixture;
  {
    Spool spool = fixture.open(900);
    spool.append({{fixture.message(900, 2), true}, {fixture.message(900, 1), false}});
  }
  Spool spool = fixture.open(5);
  spool.append({{fixture.message(5, 1), false}, {fixture.message(5, 2), true}});
  CHECK(read(spool, DeliveryClass::image) == std::vector<Identity>{{900, 1}, {900, 2}, {5, 2}});
  CHECK(read(spool, DeliveryClass::image, {{900, 1}, {5, 2}}) == std::vector<Identity>{{900, 2}});
  CHECK(read(spool, DeliveryClass::image, {}, Spool::Order::newest_first) ==
        std::vector<Identity>{{5, 2}, {900, 2}, {900, 1}});
  CHECK(read(spool, DeliveryClass::event).empty());
  CHECK(spool.counts().messages[2] == 4);
  CHECK(spool.counts().late[2] == 3);
}

TEST_CASE("reading stops at its bounds, but gives one message always") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  for (std::uint64_t seq = 1; seq <= 5; ++seq) spool.append({{fixture.message(1, seq), true}});
  CHECK(spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, 2, kAll).size() == 2);
  CHECK(spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, kAll, 10).size() == 1);
  CHECK(spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, kAll, 4500).size() == 3);
}

TEST_CASE("a message that is spooled again only becomes late") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  spool.append({{fixture.message(1, 1), false}});
  CHECK(read(spool, DeliveryClass::image).empty());
  spool.append({{fixture.message(1, 1), true}});
  spool.append({{fixture.message(1, 1), false}});
  CHECK(read(spool, DeliveryClass::image) == std::vector<Identity>{{1, 1}});
  CHECK(spool.counts().total() == 1);
  CHECK(spool.counts().late[2] == 1);
}

TEST_CASE("removing takes messages of any class out, and what is not there does no harm") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  spool.append({{fixture.message(1, 1), true}, {fixture.message(1, 2, "Barn|motion|moving"), true}});
  spool.remove({{1, 1}, {1, 9}, {2, 2}});
  CHECK(spool.counts().total() == 1);
  spool.remove({{1, 2}});
  CHECK(spool.counts().total() == 0);
  CHECK(spool.counts().bytes == 0);
  CHECK(spool.counts().late == std::array<std::uint64_t, 3>{});
}

TEST_CASE("the oldest of a class can be told, without those that must stay") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  for (std::uint64_t seq = 1; seq <= 4; ++seq) spool.append({{fixture.message(1, seq), true}});
  CHECK(spool.oldest(DeliveryClass::image, 2000, {{1, 1}}) == std::vector<Identity>{{1, 2}, {1, 3}});
  CHECK(spool.oldest(DeliveryClass::event, 2000, {}).empty());
}

TEST_CASE("age and time of capture are told as well as they can be known after a restart of the computer") {
  Fixture fixture;
  const std::int64_t captured_utc = fixture.clock.utc;
  fixture.clock.in_sync = false;
  {
    Spool spool = fixture.open(1);
    spool.append({{fixture.message(1, 1), true}});
    // The clock is set, an hour forward, while this kernel runs: now the time of capture is known.
    fixture.clock.utc += 3600 * common::kSecond;
    fixture.clock.in_sync = true;
    spool.append({{fixture.message(1, 2), true}});
  }
  fixture.clock.monotonic = 10 * common::kSecond;  // another kernel
  fixture.clock.utc += 60 * common::kSecond;
  Spool spool = fixture.open(2, "kernel-2");
  const auto images = spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, kAll, kAll);
  REQUIRE(images.size() == 2);
  CHECK(images[0]->clock_synchronised);
  CHECK(images[0]->time_ns == captured_utc + 3600 * common::kSecond);
  CHECK(fixture.clock.monotonic_ns() - images[1]->monotonic_ns == 60 * common::kSecond);
  fixture.clock.in_sync = false;
  const auto again = spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, 1, kAll);
  CHECK(again[0]->monotonic_ns == 0);  // not known
}

TEST_CASE("a rotten row is found, removed and counted, and the others come") {
  Fixture fixture;
  {
    Spool spool = fixture.open(1);
    for (std::uint64_t seq = 1; seq <= 3; ++seq) spool.append({{fixture.message(1, seq), true}});
  }
  SQLite::Database(fixture.file.string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE payloads SET payload = zeroblob(1200) WHERE id = 2");
  Spool spool = fixture.open(2);
  CHECK(read(spool, DeliveryClass::image) == std::vector<Identity>{{1, 1}, {1, 3}});
  CHECK(spool.damaged() == 1);
  CHECK(spool.counts().total() == 2);
}

TEST_CASE("a row whose identity or class is not that of its message is removed, once") {
  const char* damage = GENERATE("UPDATE messages SET boot_id = 77", "UPDATE messages SET seq = 9",
                                "UPDATE messages SET class = 2", "UPDATE boots SET boot = 5",
                                "UPDATE messages SET seq = 0, metadata = replace(metadata, '\"seq\"', '\"sxq\"')");
  CAPTURE(damage);
  Fixture fixture;
  fixture.open(1).append({{fixture.message(1, 1, "Barn|motion|moving"), true}});
  SQLite::Database(fixture.file.string(), SQLite::OPEN_READWRITE).exec(damage);
  Spool spool = fixture.open(2);
  for (int round = 0; round < 2; ++round) {
    CHECK(read(spool, DeliveryClass::event).empty());
    CHECK(read(spool, DeliveryClass::image).empty());
    CHECK(spool.damaged() == 1);
    CHECK(spool.counts().total() == 0);
    CHECK(spool.counts().bytes == 0);
  }
}

TEST_CASE("a row of no class that there is does not count as waiting") {
  Fixture fixture;
  fixture.open(1).append({{fixture.message(1, 1), true}});
  SQLite::Database(fixture.file.string(), SQLite::OPEN_READWRITE).exec("UPDATE messages SET class = 7");
  CHECK(fixture.open(2).counts().total() == 0);
}

TEST_CASE("a damaged offset of a clock does not make a time") {
  const std::int64_t offset = GENERATE(INT64_MAX, INT64_MIN);
  Fixture fixture;
  fixture.clock.in_sync = false;
  fixture.open(1).append({{fixture.message(1, 1), true}});
  SQLite::Database(fixture.file.string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE kernels SET utc_offset_ns = " + std::to_string(offset));
  Spool spool = fixture.open(2, "kernel-2");
  const auto messages = spool.read(DeliveryClass::image, Spool::Order::oldest_first, {}, kAll, kAll);
  REQUIRE(messages.size() == 1);
  CHECK_FALSE(messages[0]->clock_synchronised);
}

TEST_CASE("what is no database is told as a corrupt spool") {
  Fixture fixture;
  std::filesystem::create_directories(fixture.file.parent_path());
  write_file(fixture.file, common::Bytes(8192, 'x'));
  CHECK_THROWS_AS(fixture.open(1), common::CorruptDatabase);
}

TEST_CASE("what a hub refused is kept with its reason, and leaves what is to be sent") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  const auto image = fixture.message(1, 1);
  spool.append({{image, true}});
  spool.set_aside(*image, "quota");
  CHECK(spool.counts().total() == 0);
  SQLite::Database db(fixture.file.string(), SQLite::OPEN_READONLY);
  CHECK(db.execAndGet("SELECT reason FROM set_aside").getString() == "quota");
  CHECK(db.execAndGet("SELECT length(payload) FROM set_aside").getInt() == 1200);
  for (int i = 0; i < Spool::kMaxSetAside + 5; ++i) spool.set_aside(*image, "again");
  CHECK(db.execAndGet("SELECT count(*) FROM set_aside").getInt() == Spool::kMaxSetAside);
  CHECK(db.execAndGet("SELECT count(*) FROM set_aside WHERE reason = 'quota'").getInt() == 0);
}

TEST_CASE("an empty spool that was large gives its place back") {
  Fixture fixture;
  Spool spool = fixture.open(1);
  auto large = std::make_shared<common::Message>(*fixture.message(1, 1));
  large->payload = common::Payload(common::Bytes(30'000'000, 1));
  large->array = common::ArrayForm{"uint8", {10'000, 1000, 3}};
  large->crc = common::crc32c(large->payload.view());
  spool.append({{large, true}});
  spool.shrink();
  CHECK(std::filesystem::file_size(fixture.file) + std::filesystem::file_size(fixture.file.string() + "-wal") >
        30'000'000);
  spool.remove({{1, 1}});
  spool.shrink();
  CHECK(std::filesystem::file_size(fixture.file) < 1'000'000);
}

TEST_CASE("a spool whose schema is damaged so that boots have no numbers is refused") {
  Fixture fixture;
  fixture.open(1).append({{fixture.message(1, 1), true}});
  {
    SQLite::Database db(fixture.file.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA writable_schema = ON");
    db.exec(
        "UPDATE sqlite_schema SET sql = replace(sql, 'id INTEGER PRIMARY KEY AUTOINCREMENT', 'id INTEGER') "
        "WHERE name = 'boots'");
  }
  CHECK_THROWS_AS(fixture.open(1), common::CorruptDatabase);
}
