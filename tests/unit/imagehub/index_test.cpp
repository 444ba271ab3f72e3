#include "imagehub/index/index.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "catch.hpp"
#include "common/database.hpp"
#include "imagehub/index/growth.hpp"
#include "imagehub/index/schema.hpp"
#include "temp_folder.hpp"

using namespace imagehub;

namespace {

ImageRow image(std::uint64_t boot, std::uint64_t seq, const std::string& text = "Barn|jpg") {
  ImageRow row;
  row.identity = Identity{boot, seq};
  row.node = "Barn";
  row.text = text;
  row.time_ns = 100;
  row.received_ns = 200;
  row.path = "day/" + std::to_string(seq) + ".jpg";
  row.incoming = "incoming-" + std::to_string(seq);
  row.payload_crc = 0xFFFFFFFF;
  return row;
}

EventRow event(const std::string& text) {
  EventRow row;
  row.node = "Barn";
  row.text = text;
  row.log_day = "2026-11-20";
  row.log_offset = 17;
  return row;
}

class Fixture {
 public:
  Fixture() { reopen(); }
  void reopen() {
    index_.reset();
    index_ = std::make_unique<Index>(folder_.disk, file(), Durability::synced);
  }
  std::filesystem::path file() const { return folder_.path() / "index.sqlite3"; }
  Index& operator*() { return *index_; }
  Index* operator->() { return index_.get(); }
  void close() { index_.reset(); }

  template <typename Row>
  Row add(Row row) {
    Index::Transaction transaction(*index_);
    index_->add(row);
    transaction.commit();
    return row;
  }

  std::int64_t count(const std::string& table) {
    SQLite::Database db(file().string(), SQLite::OPEN_READONLY);
    return db.execAndGet("SELECT count(*) FROM " + table).getInt64();
  }

 private:
  TempFolder folder_;
  std::unique_ptr<Index> index_;
};

constexpr std::uint64_t kBoot = 0xF000000000000001;  // does not fit a signed number

}  // namespace

TEST_CASE("what was added is known, before and after a restart") {
  Fixture index;
  index.add(image(kBoot, 7));
  for (int round = 0; round < 2; ++round) {
    CHECK(index->contains({kBoot, 7}));
    CHECK_FALSE(index->contains({kBoot, 6}));
    CHECK_FALSE(index->contains({kBoot, 8}));
    CHECK_FALSE(index->contains({kBoot + 1, 7}));
    const auto found = index->find({kBoot, 7});
    REQUIRE(found);
    CHECK(found->text == "Barn|jpg");
    CHECK(found->payload_crc == 0xFFFFFFFF);
    CHECK_FALSE(index->find({kBoot, 8}));
    index.reopen();
  }
}

TEST_CASE("the hub's id stays over a restart and is not that of another index") {
  Fixture a;
  Fixture b;
  const std::string id = a->hub_id();
  a.reopen();
  CHECK(a->hub_id() == id);
  CHECK(b->hub_id() != id);
}

TEST_CASE("numbers without gaps take one row, whatever the order") {
  Fixture index;
  for (const std::uint64_t seq : {1U, 2U, 5U, 4U, 3U, 7U, 6U}) index.add(image(kBoot, seq));
  CHECK(index.count("identities") == 1);
  index.reopen();
  for (std::uint64_t seq = 1; seq <= 7; ++seq) CHECK(index->contains({kBoot, seq}));
}

TEST_CASE("of chunks of rows the newest are known by their content, the others by their identity") {
  constexpr std::uint64_t kKnown = 100'000;
  Fixture index;
  {
    Index::Transaction transaction(*index);
    for (std::uint64_t seq = 1; seq <= kKnown + 1; ++seq) index->add({kBoot, seq}, {"Lab|data", 0xFFFFFFFF});
    transaction.commit();
  }
  CHECK(index.count("chunks") == kKnown);
  index.reopen();
  CHECK(index->contains({kBoot, 1}));
  CHECK_FALSE(index->find({kBoot, 1}));
  for (const std::uint64_t seq : {std::uint64_t{2}, kKnown + 1}) {
    const auto known = index->find({kBoot, seq});
    REQUIRE(known);
    CHECK(known->text == "Lab|data");
    CHECK(known->payload_crc == 0xFFFFFFFF);
  }
}

TEST_CASE("an impossible number of a damaged chunk costs no other chunk") {
  Fixture index;
  const auto add_chunk = [&](std::uint64_t seq) {
    Index::Transaction transaction(*index);
    index->add({kBoot, seq}, {"Lab|data", 1});
    transaction.commit();
  };
  add_chunk(1);
  index->database().exec("UPDATE chunks SET id = -9223372036854775807");
  add_chunk(2);
  add_chunk(3);
  for (const std::uint64_t seq : {1U, 2U, 3U}) CHECK(index->find({kBoot, seq}));
}

TEST_CASE("what a transaction did is undone when it is not committed") {
  Fixture index;
  index.add(image(kBoot, 1));
  {
    Index::Transaction transaction(*index);
    ImageRow next = image(kBoot, 2);
    ImageRow of_new_boot = image(kBoot + 1, 1);
    index->add(next);
    index->add(of_new_boot);
    CHECK(index->contains({kBoot, 2}));
  }
  for (int round = 0; round < 2; ++round) {
    CHECK(index->contains({kBoot, 1}));
    CHECK_FALSE(index->contains({kBoot, 2}));
    CHECK_FALSE(index->contains({kBoot + 1, 1}));
    index.reopen();
  }
  CHECK(index.count("images") == 1);
  index.add(image(kBoot, 2));
  index.add(image(kBoot + 1, 1));
  CHECK(index.count("identities") == 2);
}

TEST_CASE("images are unfinished until they are marked") {
  Fixture index;
  index.add(image(kBoot, 1));
  const ImageRow second = index.add(image(kBoot, 2));
  auto rows = index->unfinished_images();
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].identity == second.identity);
  CHECK(rows[1].path == "day/2.jpg");
  CHECK(rows[1].incoming == "incoming-2");
  {
    Index::Transaction transaction(*index);
    index->set_finished({rows[0].id, 0});
    transaction.commit();
  }
  index.reopen();
  CHECK(index->finished().image_id == rows[0].id);
  rows = index->unfinished_images();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == second.id);
}

TEST_CASE("events are given in their order, a thousand at a time") {
  Fixture index;
  {
    Index::Transaction transaction(*index);
    for (int i = 0; i < 1500; ++i) {
      EventRow row = event("Barn|" + std::to_string(i));
      index->add(row);
    }
    transaction.commit();
  }
  const auto first = index->unfinished_events(0);
  REQUIRE(first.size() == 1000);
  CHECK(first[0].text == "Barn|0");
  CHECK(first[0].log_day == "2026-11-20");
  CHECK(first[0].log_offset == 17);
  CHECK_FALSE(first[0].identity);
  const auto rest = index->unfinished_events(first.back().id);
  REQUIRE(rest.size() == 500);
  CHECK(rest.back().text == "Barn|1499");
}

TEST_CASE("an image that was never acknowledged is forgotten, identity included, and its row id never comes again") {
  Fixture index;
  for (std::uint64_t seq = 1; seq <= 3; ++seq) index.add(image(kBoot, seq));
  const auto rows = index->unfinished_images();
  {
    Index::Transaction transaction(*index);
    index->remove_unfinished(rows[2]);
    transaction.commit();
  }
  index.reopen();
  CHECK(index->contains({kBoot, 2}));
  CHECK_FALSE(index->contains({kBoot, 3}));
  CHECK_FALSE(index->find({kBoot, 3}));
  CHECK(index.add(image(kBoot, 3)).id > rows[2].id);
}

TEST_CASE("rows can be moved to the place that they got") {
  Fixture index;
  const ImageRow picture = index.add(image(kBoot, 1));
  const EventRow line = index.add(event("Barn|x"));
  {
    Index::Transaction transaction(*index);
    index->move_image(picture.id, "elsewhere.jpg");
    index->move_line(line.id, "2026-11-21", 5);
    transaction.commit();
  }
  CHECK(index->unfinished_images()[0].path == "elsewhere.jpg");
  CHECK(index->unfinished_events(0)[0].log_day == "2026-11-21");
  CHECK(index->unfinished_events(0)[0].log_offset == 5);
}

TEST_CASE("images are counted from a moment on") {
  Fixture index;
  ImageRow row = image(kBoot, 1);
  for (const std::int64_t received : {100, 200, 300}) {
    row.received_ns = received;
    row.identity->seq = static_cast<std::uint64_t>(received);
    index.add(row);
  }
  CHECK(index->images_received_since(200) == 2);
  CHECK(index->images_received_since(301) == 0);
}

TEST_CASE("a node's row is kept") {
  Fixture index;
  const common::NodeRecord node{"Barn", 1, 2, "imagenode/1", "pi", 60, true, 3, 4, 5};
  {
    Index::Transaction transaction(*index);
    index->save(node);
    transaction.commit();
  }
  index.reopen();
  const auto nodes = index->nodes();
  REQUIRE(nodes.size() == 1);
  CHECK(nodes[0].node == "Barn");
  CHECK(nodes[0].last_seen_ns == 2);
  CHECK(nodes[0].host == "pi");
  CHECK(nodes[0].heartbeat_s == 60);
  CHECK(nodes[0].lost);
  CHECK(nodes[0].bytes == 5);
}

TEST_CASE("an index of each older format is brought up to date, with what it has") {
  const auto formats = static_cast<int>(kSchema.size());
  for (int format = 1; format < formats; ++format) {
    INFO(format);
    Fixture index;
    index.close();
    std::filesystem::remove(index.file());
    {
      SQLite::Database old(index.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      for (int step = 0; step < format; ++step) old.exec(kSchema.begin()[step]);
      old.exec("PRAGMA user_version = " + std::to_string(format));
      old.exec("INSERT INTO boots VALUES (1, 7)");
      old.exec("INSERT INTO identities VALUES (1, 3, 9)");
      if (format >= 6) {
        old.exec(
            "INSERT INTO batches VALUES (1, 'Lab', '', 'arduino', 7, 1, 0, 'open', '', 0, 0, 0, 86400000000000, 1, "
            "500, '', 'batch-1')");
      }
    }
    index.reopen();
    CHECK(index->database().execAndGet("PRAGMA user_version").getInt() == formats);
    CHECK(index->contains({7, 5}));
    CHECK_FALSE(index->contains({7, 2}));
    const auto rows = Growth(*index).rows(1, 1);
    CHECK(rows.size() == (format >= 6 ? 1U : 0U));
    if (!rows.empty()) CHECK(rows[0].bytes == 500);
  }
}

TEST_CASE("an index of a newer program is refused and left as it is") {
  Fixture index;
  index.close();
  {
    SQLite::Database db(index.file().string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA user_version = 999");
  }
  try {
    index.reopen();
    FAIL("opened");
  } catch (const std::runtime_error& error) {
    CHECK_THAT(std::string(error.what()), ContainsSubstring("newer version"));
  }
  CHECK(index.count("images") == 0);
}

TEST_CASE("an index with an impossible format is a damaged one") {
  Fixture index;
  index.close();
  SQLite::Database(index.file().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = -7");
  CHECK_THROWS_AS(index.reopen(), common::CorruptDatabase);
}

TEST_CASE("more boots than are remembered are still all known") {
  Fixture index;
  for (std::uint64_t group = 0; group < 50; ++group) {
    Index::Transaction transaction(*index);
    for (std::uint64_t i = 0; i < 100; ++i) {
      ImageRow row = image(1 + group * 100 + i, 1);
      index->add(row);
    }
    transaction.commit();
  }
  for (std::uint64_t boot = 1; boot <= 5000; ++boot) REQUIRE(index->contains({boot, 1}));
  CHECK_FALSE(index->contains({5001, 1}));
}
