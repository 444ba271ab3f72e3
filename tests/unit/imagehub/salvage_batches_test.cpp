#include "catch.hpp"
#include "common/text.hpp"
#include "imagehub/care/backup.hpp"
#include "imagehub/care/salvage.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;
using common::cat;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
constexpr std::int64_t kHour = 3600 * common::kSecond;

/// A hub that has batches of three rows, each closed but for the last, which has one.
class Farm : public CareKit {
 public:
  Farm() {
    batch_settings = {{1, 3, common::kDefaultNamePattern}, 60};
    restart();
    store(3);
    store(3);
    store(1);
  }
  void store(int rows) {
    clock.advance(kHour);
    std::string csv = "ID,Timestamp,level\r\n";
    for (int row = 0; row < rows; ++row) csv += cat(++last_row_, ',', clock.utc_ns() / common::kSecond, ".5,1\r\n");
    commit(chunk(++seq_, csv));
  }
  common::Message chunk(std::uint64_t seq, const std::string& csv) {
    common::Message made = message(kBoot, seq, "Lab|data", common::Payload(common::Bytes(csv.begin(), csv.end())));
    made.source = "gauge";
    made.content = "text/csv";
    return made;
  }
  /// To its end.
  void salvage(const std::string& sql = "") {
    CareKit::salvage(sql);
    REQUIRE(finish_salvage(disk, directory(), *index));
  }
  /// Hours since rows came, by batch; -1 for one that was adopted, of which nobody knows.
  std::vector<std::int64_t> hours_ago() const {
    SQLite::Database db(directory().index().string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, "SELECT received_ns, adopted FROM batches ORDER BY time_ns");
    std::vector<std::int64_t> found;
    while (query.executeStep()) {
      const std::int64_t ago = (clock.utc_ns() - query.getColumn(0).getInt64()) / kHour;
      found.push_back(query.getColumn(1).getInt() != 0 ? -1 : ago);
    }
    return found;
  }
  std::string path_of(std::int64_t batch) const {
    SQLite::Database db(directory().index().string(), SQLite::OPEN_READONLY);
    return db.execAndGet(cat("SELECT path FROM batches WHERE id = ", batch)).getString();
  }
  std::string report() {
    for (const auto& entry : fs::directory_iterator(directory().reports())) {
      return common::read_text(disk, entry.path());
    }
    return "";
  }

 private:
  std::uint64_t seq_ = 0;
  std::uint64_t last_row_ = 0;
};

using Hours = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a salvage knows of closed batches when they came, and closes the one that was open") {
  Farm farm;
  farm.salvage();
  CHECK(farm.hours_ago() == Hours{2, 1, -1});
  CHECK(farm.number("SELECT count(*) FROM batches WHERE state = 'complete' AND incoming = ''") == 2);
  CHECK(farm.number("SELECT count(*) FROM batches WHERE state = 'partial' AND incoming = ''") == 1);
  CHECK(farm.number("SELECT sum(rows) FROM batch_files") == 7);
  CHECK(farm.number("SELECT batches FROM batch_totals WHERE adopted = 0") == 2);
  CHECK_THAT(farm.report(), ContainsSubstring("2 batches\n"));
}

TEST_CASE("rows that a damaged index has forgotten are not cut off") {
  Farm farm;
  farm.store(1);
  farm.salvage(
      "UPDATE batch_files SET rows = 1, bytes = bytes / 2 WHERE batch_id = 3; UPDATE batches SET rows = 1 WHERE id = "
      "3");
  CHECK(farm.number("SELECT sum(rows) FROM batch_files") == 8);
}

TEST_CASE("a batch of which not all files are known is adopted from its manifest") {
  Farm farm;
  farm.salvage("DELETE FROM batch_files WHERE batch_id = 1; UPDATE batches SET bytes = bytes + 1 WHERE id = 2");
  CHECK(farm.hours_ago() == Hours{-1, -1, -1});
  CHECK(farm.number("SELECT sum(rows) FROM batch_files") == 7);
  CHECK(farm.number("SELECT count(*) FROM batch_days") == 0);
  CHECK_THAT(farm.report(),
             ContainsSubstring("batches: 2 rows with impossible values") && ContainsSubstring("had no row: 2 batches"));
}

TEST_CASE("a backup gives batches that were closed and are there") {
  Farm farm;
  make_backup(farm.disk, farm.directory(), farm.clock.utc_ns(), 2);
  fs::remove_all(farm.directory().data() / farm.path_of(2));
  farm.salvage("DELETE FROM batch_files; DELETE FROM batches");
  CHECK(farm.hours_ago() == Hours{2, -1});  // the open one has only its folder
  CHECK_THAT(farm.report(), ContainsSubstring("Batches whose folders are gone"));
}

TEST_CASE("no number of a batch comes again after a salvage") {
  Farm farm;
  farm.salvage("DELETE FROM batch_files WHERE batch_id = 3; DELETE FROM batches WHERE id = 3");
  CHECK(farm.number("SELECT max(id) FROM batches") == 4);
}

TEST_CASE("what was in the newest chunks is known after a salvage") {
  Farm farm;
  const auto before = farm.index->find({kBoot, 3});
  REQUIRE(before);
  farm.salvage();
  const auto after = farm.index->find({kBoot, 3});
  REQUIRE(after);
  CHECK(after->payload_crc == before->payload_crc);
  CHECK(farm.index->contains({kBoot, 1}));
}
