#include "imagehub/filing/committer.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "catch.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "unit/imagehub/filing_kit.hpp"

using namespace imagehub;
using Texts = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
constexpr std::int64_t kDay = 86'400 * common::kSecond;

/// One message through write and commit, as Filing does it.
class Hub : public FilingKit {
 public:
  using FilingKit::FilingKit;

  Candidate candidate(common::Message given) {
    Candidate made;
    made.message = std::make_shared<const common::Message>(std::move(given));
    made.monotonic_ns = clock.monotonic_ns();
    return made;
  }
  Candidate written(common::Message given) {
    const bool image =
        delivery_class(common::kind_of(given.text, given.boot.has_value())) == common::DeliveryClass::image;
    Candidate made = candidate(std::move(given));
    if (image) committer->write(made, "incoming." + std::to_string(++last_));
    return made;
  }
  Candidate commit(common::Message given) {
    Candidate made = written(std::move(given));
    committer->commit({&made});
    return made;
  }
  std::size_t rows(const std::string& table) {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    return static_cast<std::size_t>(db.execAndGet("SELECT count(*) FROM " + table).getInt());
  }
  /// The row of a crash: committed, while the file has not got its name yet.
  ImageRow add_row(std::uint64_t seq, const std::string& incoming) {
    ImageRow row;
    row.identity = Identity{kBoot, seq};
    row.node = "Barn";
    row.text = "Barn|jpg";
    row.time_ns = row.received_ns = clock.utc_ns();
    row.path = store->reserve_name("Barn", row.time_ns, ".jpg");
    row.incoming = incoming;
    Index::Transaction transaction(*index);
    index->add(row);
    transaction.commit();
    return row;
  }

 private:
  int last_ = 0;
};

}  // namespace

TEST_CASE("an image becomes a file under its name and a row, and nothing stays behind") {
  Hub hub;
  auto given = message(kBoot, 1);
  given.time_ns = hub.clock.utc_ns() - 5 * common::kSecond;
  given.fields = {{"area", 2.5}};
  const Candidate done = hub.commit(given);
  CHECK(done.committed);
  CHECK_FALSE(done.refused);
  const std::string name =
      common::local_date(given.time_ns) + "/Barn-door-" + common::file_stamp(given.time_ns) + ".jpg";
  CHECK(hub.pictures() == Texts{name});
  CHECK(fs::is_empty(hub.incoming()));
  const auto rows = hub.index->unfinished_images();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].path == name);
  CHECK(rows[0].time_ns == given.time_ns);
  CHECK(rows[0].received_ns == hub.clock.utc_ns());
  CHECK(rows[0].crc == *given.crc);
  CHECK(rows[0].bytes == given.payload.size());
  CHECK(rows[0].fields == R"({"area":2.5})");
}

TEST_CASE("without a clock that is set the capture time is the receive time less the age") {
  Hub hub;
  auto unset = message(kBoot, 1, "Barn|x");
  unset.time_ns = 1'000'000'000 * common::kSecond;
  unset.clock_synchronised = false;
  unset.age_us = 7'000'000;
  hub.commit(unset);
  hub.commit(plain_message("Barn|y"));
  const auto rows = hub.index->unfinished_events(0);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].time_ns == hub.clock.utc_ns() - 7 * common::kSecond);
  CHECK(rows[1].time_ns == hub.clock.utc_ns());
}

TEST_CASE("events are lines in the order of commit, with the stamp of capture") {
  Hub hub;
  auto first = message(kBoot, 1, "Barn|motion|moving");
  first.time_ns = hub.clock.utc_ns() - kDay;
  hub.commit(first);
  hub.commit(message(kBoot, 2, "Barn|motion|still"));
  CHECK(hub.log_texts() == Texts{"Barn|motion|moving", "Barn|motion|still"});
  CHECK(common::read_text_file(hub.log_file()).starts_with(common::log_stamp(first.time_ns) + " ~ "));
  for (const auto& row : hub.index->unfinished_events(0)) {
    CHECK(hub.log->holds({row.log_day, row.log_offset}, EventLog::line(row.time_ns, row.text)));
  }
}

TEST_CASE("the same message again is stored once; other content under its identity is refused") {
  Hub hub;
  hub.commit(message(kBoot, 1, "Barn|jpg", picture(1)));
  CHECK_FALSE(hub.commit(message(kBoot, 1, "Barn|jpg", picture(1))).refused);
  CHECK(hub.commit(message(kBoot, 1, "Barn|jpg", picture(200))).refused == "identity has other content");
  CHECK(hub.commit(message(kBoot, 1, "Shed|jpg", picture(1))).refused == "identity has other content");
  CHECK(hub.commit(message(kBoot, 1, "Barn|motion|moving", picture(1))).refused == "identity has other content");
  CHECK(hub.rows("images") == 1);
  CHECK(hub.rows("events") == 0);
  CHECK(hub.pictures().size() == 1);
  CHECK(fs::is_empty(hub.incoming()));
}

TEST_CASE("an identity is known over restarts, whatever the order in which numbers came") {
  Hub hub;
  for (const std::uint64_t seq : {5U, 1U, 3U, 2U, 9U}) hub.commit(message(kBoot, seq, "Barn|x"));
  for (int round = 0; round < 2; ++round) {
    hub.restart();
    for (const std::uint64_t seq : {9U, 3U, 1U, 5U, 2U}) {
      CHECK_FALSE(hub.commit(message(kBoot, seq, "Barn|x")).committed);
      CHECK(hub.commit(message(kBoot, seq, "Barn|x", picture(7))).refused == "identity has other content");
    }
    CHECK(hub.rows("events") == 5);
  }
  CHECK(hub.commit(message(kBoot, 4, "Barn|x")).committed);
  CHECK(hub.log_texts().size() == 6);
}

TEST_CASE("plain senders have no identity: each message counts") {
  Hub hub;
  hub.commit(plain_message("Barn|jpg"));
  hub.commit(plain_message("Barn|jpg"));
  CHECK(hub.pictures().size() == 2);
}

TEST_CASE("one identity twice in one group is stored once") {
  // Filing keeps duplicates in flight apart; this is the net below it.
  Hub hub;
  Candidate first = hub.written(message(kBoot, 1, "Barn|x"));
  hub.committer->commit({&first});
  Candidate second = hub.written(message(kBoot, 1, "Barn|x"));
  hub.committer->commit({&second});
  CHECK(hub.rows("events") == 1);
  CHECK(hub.log_texts() == Texts{"Barn|x"});
}

TEST_CASE("after a crash: a file without a row goes") {
  Hub hub;
  hub.written(message(kBoot, 1));
  REQUIRE_FALSE(fs::is_empty(hub.incoming()));
  hub.restart();
  CHECK(fs::is_empty(hub.incoming()));
  CHECK(hub.pictures().empty());
  CHECK_FALSE(hub.index->contains({kBoot, 1}));
}

TEST_CASE("after a crash: a row whose file has not got its name is finished") {
  Hub hub;
  hub.store->sync("a", *hub.store->begin("a", picture().view()));
  const ImageRow row = hub.add_row(1, "a");
  hub.restart();
  CHECK(hub.pictures() == Texts{row.path});
  CHECK(fs::is_empty(hub.incoming()));
  CHECK(hub.index->contains({kBoot, 1}));
  CHECK(hub.index->unfinished_images().empty());
}

TEST_CASE("after a crash: a row whose file has its name is left alone") {
  Hub hub;
  hub.store->sync("a", *hub.store->begin("a", picture().view()));
  const ImageRow row = hub.add_row(1, "a");
  REQUIRE(hub.store->finish("a", row.path) == ImageStore::Finish::renamed);
  hub.restart();
  CHECK(hub.pictures() == Texts{row.path});
  CHECK(hub.rows("images") == 1);
}

TEST_CASE("after a crash: a row without any file was never acknowledged and is taken back") {
  Hub hub;
  hub.add_row(1, "a");
  hub.restart();
  CHECK(hub.rows("images") == 0);
  CHECK_FALSE(hub.index->contains({kBoot, 1}));
  CHECK_FALSE(hub.commit(message(kBoot, 1)).refused);
  CHECK(hub.pictures().size() == 1);
}

TEST_CASE("after a crash: a name that somebody else took in between costs no image") {
  Hub hub;
  hub.store->sync("a", *hub.store->begin("a", picture(1).view()));
  const ImageRow row = hub.add_row(1, "a");
  write_file(hub.store->path_of(row.path), common::Bytes(10, 9));
  hub.restart();
  REQUIRE(hub.pictures().size() == 2);
  CHECK(fs::file_size(hub.store->path_of(row.path)) == 10);
  SQLite::Database db((hub.data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
  const std::string path = db.execAndGet("SELECT path FROM images").getString();
  CHECK(path != row.path);
  CHECK(fs::file_size(hub.store->path_of(path)) == picture(1).size());
}

TEST_CASE("after a crash: event rows without a line get one, once") {
  Hub hub;
  hub.commit(message(kBoot, 1, "Barn|a"));
  {
    Index::Transaction transaction(*hub.index);
    EventRow row;
    row.node = "Barn";
    row.text = "Barn|b";
    row.log_day = common::local_date(hub.clock.utc_ns());
    row.log_offset = static_cast<std::int64_t>(fs::file_size(hub.log_file()));
    hub.index->add(row);
    transaction.commit();
  }
  hub.restart();
  CHECK(hub.log_texts() == Texts{"Barn|a", "Barn|b"});
  hub.restart();
  CHECK(hub.log_texts() == Texts{"Barn|a", "Barn|b"});
}

TEST_CASE("after a crash in the middle of a line the whole line follows and nothing is cut") {
  Hub hub;
  hub.commit(message(kBoot, 1, "Barn|a"));
  hub.commit(message(kBoot, 2, "Barn|b"));
  fs::resize_file(hub.log_file(), fs::file_size(hub.log_file()) - 3);
  hub.restart();
  const auto texts = hub.log_texts();
  REQUIRE(texts.size() == 3);
  CHECK(texts[0] == "Barn|a");
  CHECK(texts[2] == "Barn|b");
}

TEST_CASE("a log that cannot be written falls behind, and catches up") {
  Hub hub;
  hub.commit(message(kBoot, 1, "Barn|a"));
  const fs::path aside = hub.data() / "aside";
  fs::rename(hub.log_file(), aside);
  fs::create_directory(hub.log_file());  // nothing can be appended to a folder
  CHECK(hub.commit(message(kBoot, 2, "Barn|b")).committed);
  CHECK(hub.commit(message(kBoot, 3, "Barn|c")).committed);
  CHECK(hub.commit(message(kBoot, 4)).committed);
  fs::remove(hub.log_file());
  fs::rename(aside, hub.log_file());
  hub.clock.advance(common::kSecond);
  hub.commit(message(kBoot, 6));
  CHECK(hub.log_texts() == Texts{"Barn|a", "Barn|b", "Barn|c"});
  hub.commit(message(kBoot, 5, "Barn|d"));
  hub.restart();
  CHECK(hub.log_texts() == Texts{"Barn|a", "Barn|b", "Barn|c", "Barn|d"});
}

TEST_CASE("a log that is behind at the stop is completed at the start") {
  Hub hub;
  fs::create_directory(hub.log_file());
  std::deque<Candidate> made;
  std::vector<Candidate*> group;
  for (std::uint64_t seq = 1; seq <= 1500; ++seq) {
    group.push_back(&made.emplace_back(hub.candidate(message(kBoot, seq, "Barn|" + std::to_string(seq)))));
  }
  hub.committer->commit(group);
  fs::remove(hub.log_file());
  hub.restart();
  const auto texts = hub.log_texts();
  REQUIRE(texts.size() == 1500);
  for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(texts[i] == "Barn|" + std::to_string(i + 1));
}

TEST_CASE("the quota counts the images of a local day over restarts, and is told once a day") {
  Hub hub({.max_images_per_day = 2});
  hub.commit(message(kBoot, 1));
  hub.restart();
  CHECK_FALSE(hub.commit(message(kBoot, 2)).refused);
  CHECK(hub.commit(message(kBoot, 3)).refused == "quota");
  CHECK(hub.commit(plain_message("Barn|jpg")).refused == "quota");
  hub.restart();
  CHECK(hub.commit(message(kBoot, 4)).refused == "quota");
  CHECK_FALSE(hub.commit(message(kBoot, 5, "Barn|event")).refused);
  CHECK(hub.log_texts() == Texts{"Max images written. Writing stopped.", "Barn|event"});
  CHECK(hub.pictures().size() == 2);
  CHECK(fs::is_empty(hub.incoming()));
  CHECK_FALSE(hub.index->contains({kBoot, 3}));
  hub.clock.advance(kDay);
  CHECK_FALSE(hub.commit(message(kBoot, 6)).refused);
  CHECK(hub.pictures().size() == 3);
}

TEST_CASE("a quota that is changed counts the images that came today without it") {
  Hub hub;
  hub.commit(message(kBoot, 1));
  hub.commit(message(kBoot, 2));
  hub.committer->set_quota(3);
  CHECK_FALSE(hub.commit(message(kBoot, 3)).refused);
  CHECK(hub.commit(message(kBoot, 4)).refused == "quota");
  hub.committer->set_quota({});
  CHECK_FALSE(hub.commit(message(kBoot, 5)).refused);
}

TEST_CASE("a known image is no image of the quota") {
  Hub hub({.max_images_per_day = 1});
  hub.commit(message(kBoot, 1));
  CHECK_FALSE(hub.commit(message(kBoot, 1)).refused);
}

TEST_CASE("a group that cannot be committed leaves no trace and can be given again") {
  Hub hub;
  // The day's folder cannot be made while a file has its name.
  const fs::path day = hub.data() / "images" / common::local_date(hub.clock.utc_ns());
  write_file(day, {});
  Candidate event = hub.written(message(kBoot, 1, "Barn|a"));
  Candidate image = hub.written(message(kBoot, 2));
  CHECK_THROWS(hub.committer->commit({&event, &image}));
  CHECK_FALSE(event.committed);
  CHECK_FALSE(image.committed);
  CHECK(hub.rows("events") == 0);
  CHECK(hub.rows("images") == 0);
  fs::remove(day);
  hub.committer->commit({&event, &image});
  CHECK(hub.pictures() == Texts{common::local_date(hub.clock.utc_ns()) + "/Barn-door-" +
                                common::file_stamp(hub.clock.utc_ns()) + ".jpg"});
  CHECK(hub.log_texts() == Texts{"Barn|a"});
}

TEST_CASE("a file that vanished before it had its name is not acknowledged") {
  Hub hub;
  Candidate identified = hub.written(message(kBoot, 1));
  Candidate plain = hub.written(plain_message("Barn|jpg"));
  hub.committer->discard(identified);
  identified.incoming = "gone";
  hub.store->discard(plain.incoming);
  CHECK_THROWS(hub.committer->commit({&identified, &plain}));
  CHECK_FALSE(hub.index->contains({kBoot, 1}));
  CHECK(hub.rows("images") == 0);
  // The plain one is tried again by Filing: at first it must be written anew.
  CHECK_THROWS(hub.committer->commit({&plain}));
  CHECK_FALSE(plain.committed);
  hub.committer->write(plain, "again");
  hub.committer->commit({&plain});
  CHECK(hub.pictures().size() == 1);
}

TEST_CASE("an array is stored as PNG, with the file's CRC in its row") {
  Hub hub;
  auto given = message(kBoot, 1, "Barn|image", common::Payload(common::Bytes(24, 100)));
  given.array = common::ArrayForm{"uint8", {2, 4, 3}};
  given.crc = common::crc32c(given.payload.view());
  hub.commit(given);
  REQUIRE(hub.pictures().size() == 1);
  CHECK(hub.pictures()[0].ends_with(".png"));
  const std::string file = common::read_text_file(hub.data() / "images" / hub.pictures()[0]);
  const auto row = hub.index->unfinished_images().at(0);
  CHECK(row.bytes == file.size());
  CHECK(row.crc == common::crc32c({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}));
  CHECK(row.payload_crc == *given.crc);
}

TEST_CASE("what a node says it delivered here is compared with what is here") {
  Hub hub;
  const auto report = [&](double delivered, double delivered_to) {
    common::Message message;
    message.text = "Barn|Heartbeat";
    message.node = "Barn";
    message.boot = kBoot;
    message.fields["delivered_here"] = delivered;
    message.fields["delivered_to"] = delivered_to;
    hub.nodes->seen(message);
    hub.committer->catch_up();
    return hub.nodes->status().at(0).missing;
  };
  CHECK(report(0, 0) == 0);
  for (std::uint64_t seq = 1; seq <= 4; ++seq) hub.commit(message(kBoot, 2 * seq, "Barn|x"));
  CHECK(report(4, 8) == 0);
  CHECK(report(3, 8) == 0);  // stored, and the reply still under way
  CHECK(report(6, 8) == 2);
  CHECK(report(3, 5) == 1);  // what came later hides nothing
  CHECK(report(9e15, 9e15) == 8'999'999'999'999'996);
  CHECK(hub.rows("boots") == 1);
}
