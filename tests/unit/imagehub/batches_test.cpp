#include "imagehub/filing/batches.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>

#include "catch.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "common/sha256.hpp"
#include "common/text.hpp"
#include "imagehub/care/check_batches.hpp"
#include "unit/imagehub/filing_kit.hpp"

using namespace imagehub;
using common::cat;
using Texts = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
const std::string kHeader = "ID,Timestamp,Temp (C)";

/// Rows with these numbers, a second apart.
std::string rows(int first, int last, const std::string& header = kHeader) {
  std::string csv = header + "\r\n";
  for (int id = first; id <= last; ++id) csv += cat(id, ',', 1'795'168'800 + id, ".250,20.5\r\n");
  return csv;
}

common::Message chunk(std::uint64_t seq, const std::string& csv, std::uint64_t boot = kBoot) {
  common::Message made = message(boot, seq, "Lab|data", common::Payload(common::Bytes(csv.begin(), csv.end())));
  made.source = "arduino";
  made.content = "text/csv";
  return made;
}

/// Chunks through write and commit, as Filing does it. Two files of three rows make a batch.
class Hub : public FilingKit {
 public:
  Hub() {
    batch_settings = {{2, 3, common::kDefaultNamePattern}, 60};
    restart();
  }

  Candidate commit(common::Message given) { return std::move(commit_all({std::move(given)}).front()); }
  std::vector<Candidate> commit_all(std::vector<common::Message> given) {
    std::vector<Candidate> made(given.size());
    std::vector<Candidate*> group;
    for (std::size_t i = 0; i < given.size(); ++i) {
      made[i].message = std::make_shared<const common::Message>(std::move(given[i]));
      made[i].monotonic_ns = clock.monotonic_ns();
      committer->write(made[i], "unused");
      group.push_back(&made[i]);
    }
    committer->commit(group);
    return made;
  }

  /// Folders of closed batches below data/, by name.
  Texts batches_there() const {
    Texts found;
    for (const auto& entry : fs::recursive_directory_iterator(data() / "data")) {
      const auto path = entry.path().lexically_relative(data() / "data").string();
      if (entry.path().filename() == common::kManifestName && !path.starts_with(".incoming")) {
        found.push_back(fs::path(path).parent_path().string());
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  common::Batch manifest(const std::string& path) const {
    const auto read = common::parse_manifest(common::read_text_file(data() / "data" / path / common::kManifestName));
    REQUIRE(read);
    return *read;
  }
  /// Numbers of the rows of all closed batches, in the order of names; checks digests, sizes and headers meanwhile.
  std::vector<int> ids() {
    std::vector<int> found;
    for (const auto& path : batches_there()) {
      const common::Batch batch = manifest(path);
      for (const auto& file : batch.files) {
        const std::string text = common::read_text_file(data() / "data" / path / file.name);
        CHECK(text.size() == file.bytes);
        CHECK(common::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) == file.sha256);
        const auto read = common::parse_rows(text);
        REQUIRE(std::holds_alternative<common::RowChunk>(read));
        const auto& chunk_of_file = std::get<common::RowChunk>(read);
        CHECK(chunk_of_file.header == batch.header);
        CHECK(chunk_of_file.rows.size() == file.rows);
        for (const auto& row : chunk_of_file.rows) found.push_back(std::stoi(std::string(row.text)));
      }
    }
    return found;
  }
  Texts states() const {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, "SELECT state, rows, incoming <> '' FROM batches ORDER BY id");
    Texts found;
    while (query.executeStep()) {
      found.push_back(cat(query.getColumn(0).getString(), ' ', query.getColumn(1).getInt(),
                          query.getColumn(2).getInt() != 0 ? " incoming" : ""));
    }
    return found;
  }
  void close_all() { batches->close_all(clock.monotonic_ns()); }
  /// As a salvage that could read nothing leaves it.
  void lose_index() {
    committer.reset();
    batches.reset();
    index.reset();
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(data() / (std::string("index.sqlite3") + part));
    Index fresh(disk, data() / "index.sqlite3", Durability::synced);
    fresh.database().exec("INSERT INTO meta VALUES ('salvage_report', 'salvage.txt')");
  }
  fs::path incoming_data() const { return data() / "data/.incoming"; }
};

std::vector<int> count_to(int last, int first = 1) {
  std::vector<int> all;
  for (int i = first; i <= last; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("rows grow below .incoming and come to their place when the batch is full") {
  Hub hub;
  CHECK(hub.commit(chunk(1, rows(1, 2))).committed);
  CHECK(hub.batches_there().empty());
  CHECK(hub.states() == Texts{"open 2 incoming"});
  CHECK(hub.commit(chunk(2, rows(3, 6))).committed);
  const std::string place = cat(common::local_date(1'795'168'801'250'000'000), "/Lab/arduino/",
                                common::file_stamp(1'795'168'801'250'000'000));
  CHECK(hub.batches_there() == Texts{place});
  CHECK(hub.ids() == count_to(6));
  CHECK(hub.states() == Texts{"complete 6"});
  CHECK(fs::is_empty(hub.incoming_data()));
  const common::Batch batch = hub.manifest(place);
  CHECK(batch.complete);
  CHECK(batch.number == 1);
  CHECK(batch.boot == kBoot);
  CHECK(batch.first_ns == 1'795'168'801'250'000'000);
  CHECK(batch.last_ns == 1'795'168'806'250'000'000);
  CHECK(hub.batches->status().complete == 1);
  CHECK(hub.batches->status().rows == 6);
}

TEST_CASE("a chunk goes over the ends of files and batches") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 1)));
  hub.commit(chunk(2, rows(2, 20)));
  CHECK(hub.states() == Texts{"complete 6", "complete 6", "complete 6", "open 2 incoming"});
  hub.close_all();
  CHECK(hub.states().back() == "partial 2");
  CHECK(hub.ids() == count_to(20));
}

TEST_CASE("a chunk that comes again is filed once, also after a restart") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 4)));
  CHECK_FALSE(hub.commit(chunk(1, rows(1, 4))).committed);
  hub.restart();
  CHECK_FALSE(hub.commit(chunk(1, rows(1, 4))).failed);
  hub.commit(chunk(2, rows(5, 6)));
  hub.close_all();
  CHECK(hub.ids() == count_to(6));
}

TEST_CASE("other rows under the identity of a chunk are refused, also after a restart") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 4)));
  hub.commit(message(kBoot, 2, "Lab|motion|moving"));
  for (int round = 0; round < 2; ++round) {
    CHECK(hub.commit(chunk(1, rows(1, 5))).refused == "identity has other content");
    CHECK(hub.commit(message(kBoot, 1, "Lab|motion|moving")).refused == "identity has other content");
    CHECK(hub.commit(chunk(2, rows(1, 4))).refused == "identity has other content");
    CHECK_FALSE(hub.commit(chunk(1, rows(1, 4))).refused);
    hub.restart();
  }
  hub.close_all();
  CHECK(hub.ids() == count_to(4));
}

TEST_CASE("what is no chunk of rows is refused, and the rows beside it are filed") {
  Hub hub;
  auto other_content = chunk(2, rows(1, 1));
  other_content.content = "application/json";
  const auto done = hub.commit_all({chunk(1, "1,2,3\r\n"), other_content, chunk(3, rows(1, 2))});
  CHECK(done[0].refused == "not rows");
  CHECK(done[0].refused_detail.starts_with("line 1: no header; begin each chunk with "));
  CHECK(done[1].refused == "not rows");
  CHECK(done[1].refused_detail == "its content is 'application/json'; send text/csv");
  CHECK(done[2].committed);
  CHECK(hub.states() == Texts{"open 2 incoming"});
}

TEST_CASE("a start cuts off what was not committed and closes what was open") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 4)));
  const auto folder = fs::directory_iterator(hub.incoming_data())->path();
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ofstream(entry.path(), std::ios::app) << "99,5,half a ro";
  }
  std::ofstream(folder / "more.csv") << "ID";
  fs::create_directories(hub.incoming_data() / "batch-77");
  std::ofstream(hub.incoming_data() / "batch-77" / "a.csv") << "ID";
  hub.restart();
  CHECK(hub.states() == Texts{"partial 4"});
  CHECK(hub.ids() == count_to(4));
  CHECK(fs::is_empty(hub.incoming_data()));
  hub.commit(chunk(2, rows(5, 10)));
  CHECK(hub.ids() == count_to(10));
}

TEST_CASE("other columns, another session and late rows have batches of their own") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 2)));
  hub.commit(chunk(2, rows(3, 4, "ID,Timestamp,Wind (m/s)")));
  CHECK(hub.states() == Texts{"partial 2", "open 2 incoming"});
  auto late = chunk(3, rows(1, 2));
  late.late = true;
  hub.commit(late);
  hub.commit(chunk(1, rows(1, 2), kBoot + 1));
  CHECK(hub.states() == Texts{"partial 2", "open 2 incoming", "open 2 incoming", "open 2 incoming"});
}

TEST_CASE("a batch is closed when its session is over, or when nothing comes any more") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 2)));
  hub.clock.advance(31 * common::kSecond);
  hub.committer->catch_up();
  CHECK(hub.states() == Texts{"open 2 incoming"});
  hub.commit(chunk(1, rows(1, 1), kBoot + 1));
  hub.committer->catch_up();
  CHECK(hub.states() == Texts{"partial 2", "open 1 incoming"});
  hub.clock.advance(59 * common::kSecond);
  hub.committer->catch_up();
  CHECK(hub.states().back() == "open 1 incoming");
  hub.clock.advance(common::kSecond);
  hub.committer->catch_up();
  CHECK(hub.states().back() == "partial 1");
}

TEST_CASE("a stop that has no time leaves the rest to the next start") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 2)));
  hub.batches->close_all(hub.clock.monotonic_ns() - 1);
  CHECK(hub.states() == Texts{"open 2 incoming"});
  hub.restart();
  CHECK(hub.states() == Texts{"partial 2"});
}

TEST_CASE("batches of one moment have places of their own") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 6)));
  hub.commit(chunk(1, rows(1, 6), kBoot + 1));
  const auto there = hub.batches_there();
  REQUIRE(there.size() == 2);
  CHECK(there[1] == there[0] + "-1");
}

TEST_CASE("while the sender's clock is not set the batch is named by the age of its rows") {
  Hub hub;
  auto unset = chunk(1, rows(1, 6));
  unset.clock_synchronised = false;
  unset.age_us = 3'000'000;
  hub.commit(unset);
  CHECK(hub.batches_there().front().ends_with(common::file_stamp(hub.clock.utc_ns() - 3 * common::kSecond)));
}

TEST_CASE("rows that their node has corrected since are named by what it says now, each by its own distance") {
  Hub hub;
  common::Message corrected = chunk(1, rows(1, 8));
  corrected.time_ns = (1'795'168'801 + 86'400) * common::kSecond + common::kSecond / 4;
  hub.commit(corrected);
  hub.close_all();
  const auto there = hub.batches_there();
  REQUIRE(there.size() == 2);
  for (const auto& [path, row] : {std::pair{there[0], 0}, {there[1], 6}}) {
    CHECK(hub.manifest(path).time_ns == corrected.time_ns + row * common::kSecond);
    CHECK_THAT(path, ContainsSubstring(common::file_stamp(corrected.time_ns + row * common::kSecond)));
  }
}

TEST_CASE("rows that somebody takes away are told of, and do not stop those that follow") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 2)));
  fs::remove_all(fs::directory_iterator(hub.incoming_data())->path());
  CHECK(hub.commit(chunk(2, rows(3, 4))).committed);
  CHECK(hub.states() == Texts{"lost 2", "open 2 incoming"});
  for (const auto& entry : fs::recursive_directory_iterator(hub.incoming_data())) {
    if (entry.is_regular_file()) fs::resize_file(entry.path(), 10);
  }
  CHECK(hub.commit(chunk(3, rows(5, 6))).committed);
  CHECK(hub.states() == Texts{"lost 2", "partial 2", "open 2 incoming"});
  fs::remove_all(hub.incoming_data());
  CHECK(hub.commit(chunk(4, rows(7, 8))).committed);
  CHECK(hub.states().back() == "open 2 incoming");
}

TEST_CASE("a disk that takes no rows keeps nothing else from being stored") {
  Hub hub;
  std::ofstream(hub.data() / "data") << "no folder";
  const auto done = hub.commit_all({chunk(1, rows(1, 2)), message(kBoot, 2, "Lab|door|open")});
  CHECK(done[0].failed);
  CHECK(done[1].committed);
  CHECK_FALSE(hub.index->contains({kBoot, 1}));
  fs::remove(hub.data() / "data");
  CHECK(hub.commit(chunk(1, rows(1, 2))).committed);
  CHECK(hub.states() == Texts{"open 2 incoming"});
}

TEST_CASE("batches are numbered within their session, over restarts") {
  Hub hub;
  hub.batch_settings.name_pattern = "batch-{n}-{name}-{k}.csv";
  hub.restart();
  hub.commit(chunk(1, rows(1, 7)));
  hub.restart();
  hub.commit(chunk(2, rows(8, 8)));
  hub.commit(chunk(1, rows(1, 1), kBoot + 1));
  hub.close_all();
  std::map<std::string, int> names;
  for (const auto& path : hub.batches_there()) ++names[hub.manifest(path).files.front().name];
  CHECK(names == std::map<std::string, int>{
                     {"batch-1-arduino-1.csv", 2}, {"batch-2-arduino-1.csv", 1}, {"batch-3-arduino-1.csv", 1}});
}

TEST_CASE("when the index is lost, batches that grew are closed with the whole rows that they have") {
  Hub hub;
  hub.commit(chunk(1, rows(1, 8)));
  const auto folder = fs::directory_iterator(hub.incoming_data())->path();
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".csv") std::ofstream(entry.path(), std::ios::app) << "9,1795168809.250,2\r\n10,17";
  }
  fs::create_directories(hub.incoming_data() / "batch-77");
  hub.lose_index();
  hub.restart();
  CHECK(hub.states() == Texts{"partial 3"});
  CHECK(fs::is_empty(hub.incoming_data()));
  CHECK(fs::exists(hub.data() / "data/unknown/batch-77"));
  CHECK(adopt_batches(hub.disk, {hub.data()}, *hub.index) == 1);
  CHECK(hub.states() == Texts{"partial 3", "complete 6"});
  CHECK(hub.ids() == count_to(9));
  CHECK(adopt_batches(hub.disk, {hub.data()}, *hub.index) == 0);
}
