#include <SQLiteCpp/SQLiteCpp.h>

#include "catch.hpp"
#include "common/files.hpp"
#include "common/text.hpp"
#include "imagehub/care/check_batches.hpp"
#include "imagehub/filing/retention.hpp"
#include "unit/imagehub/disk_of_size.hpp"
#include "unit/imagehub/filing_kit.hpp"

using namespace imagehub;
using common::cat;
using Numbers = std::vector<std::int64_t>;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
constexpr std::int64_t kHour = 3600 * common::kSecond;

/// A hub without threads; each chunk of three rows makes a batch.
class Hub : public FilingKit {
 public:
  explicit Hub(ClassRetention data) {
    settings_.data = std::move(data);
    batch_settings = {{1, 3, common::kDefaultNamePattern}, 60};
    restart_all();
  }

  void restart_all() {
    retention.reset();
    restart();
    retention = std::make_unique<Retention>(
        settings_, Retention::Parts{*index, *store, *batch_store, *committer, *reserve, test_disk, clock});
    retention->recover();
  }

  /// A batch an hour, the nodes by turns.
  void store_hourly(const std::vector<std::string>& names, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      clock.advance(kHour);
      const std::string& node = names[i % names.size()];
      ++seq_;
      std::string csv = "ID,Timestamp,level\r\n";
      for (std::uint64_t row = 0; row < 3; ++row) {
        csv += cat(3 * seq_ + row, ',', clock.utc_ns() / common::kSecond, ".5,1\r\n");
      }
      common::Message made =
          message(kBoot, seq_, node + "|data", common::Payload(common::Bytes(csv.begin(), csv.end())));
      made.source = "gauge";
      made.content = "text/csv";
      Candidate candidate;
      candidate.message = std::make_shared<const common::Message>(std::move(made));
      candidate.monotonic_ns = clock.monotonic_ns();
      committer->write(candidate, "unused");
      committer->commit({&candidate});
      REQUIRE_FALSE(candidate.refused);
    }
  }
  void look() {
    clock.advance(5 * common::kSecond);
    while (retention->step([](const auto& task) { task(); })) {
    }
  }

  Numbers numbers(const std::string& sql) {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, sql);
    Numbers found;
    while (query.executeStep()) found.push_back(query.getColumn(0).getInt64());
    return found;
  }
  std::string path_of(std::int64_t id) {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    return db.execAndGet(cat("SELECT path FROM batches WHERE id = ", id)).getString();
  }
  Numbers ids() { return numbers("SELECT id FROM batches ORDER BY id"); }
  void exec(const std::string& sql) {
    SQLite::Database((data() / "index.sqlite3").string(), SQLite::OPEN_READWRITE).exec(sql);
  }
  /// Manifests on the disk.
  std::size_t batches_on_disk() {
    std::size_t found = 0;
    for (const auto& entry : fs::recursive_directory_iterator(data() / "data")) {
      found += entry.path().filename() == common::kManifestName ? 1 : 0;
    }
    return found;
  }
  /// What a full check says of rows and folders.
  bool in_order() {
    const DataDirectory directory{data()};
    IndexReader reader(disk, directory.index());
    CheckReport report;
    report.level = CheckLevel::content;
    check_batches(
        disk, directory, reader, [](const auto&, auto, auto) {}, report);
    return report.of(Finding::batch_without_file).empty() && report.of(Finding::batch_without_row).empty() &&
           report.of(Finding::batch_wrong_content).empty();
  }

  /// A disk that says how much is free.
  DiskOfSize test_disk;
  std::unique_ptr<Retention> retention;

 private:
  RetentionSettings settings_;
  std::uint64_t seq_ = 0;
};

ClassRetention keep_days(double days) {
  ClassRetention data;
  data.all.keep_days = days;
  return data;
}

Numbers from_to(std::int64_t first, std::int64_t last) {
  Numbers numbers;
  for (std::int64_t i = first; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("limits of images delete no rows") {
  Hub hub({});
  RetentionSettings images;
  images.images.all.keep_days = 1;
  hub.retention->change(images);
  hub.store_hourly({"Lab"}, 50);
  hub.look();
  CHECK(hub.ids() == from_to(1, 50));
}

TEST_CASE("keep_days of data deletes batches that were received before, rows and folders") {
  Hub hub(keep_days(2));
  hub.store_hourly({"Lab"}, 100);
  hub.look();
  CHECK(hub.ids() == from_to(53, 100));
  CHECK(hub.batches_on_disk() == 48);
  CHECK(hub.numbers("SELECT count(*) FROM batch_files") == Numbers{48});
  CHECK(hub.numbers("SELECT batches FROM batch_totals") == Numbers{48});
  CHECK(hub.in_order());
  // Days without batches have no folders.
  CHECK(std::distance(fs::directory_iterator(hub.data() / "data"), {}) <= 4);
  const auto status = hub.retention->status();
  CHECK(status.deleted_batches.at("keep_days") == 52);
  CHECK(status.deleted_bytes > 0);
  // What was deleted is not stored again.
  CHECK(hub.index->contains({kBoot, 1}));
}

TEST_CASE("batches that were adopted are deleted only when their owner wants it") {
  Hub hub({});
  hub.store_hourly({"Lab"}, 10);
  hub.exec("UPDATE batches SET adopted = 1 WHERE id IN (1, 2)");
  RetentionSettings settings;
  settings.data = keep_days(5.5 / 24);
  hub.retention->change(settings);
  hub.look();
  CHECK(hub.ids() == Numbers{1, 2, 5, 6, 7, 8, 9, 10});
  settings.include_adopted = true;
  hub.retention->change(settings);
  hub.look();
  CHECK(hub.ids() == from_to(5, 10));
}

TEST_CASE("max_gb of data keeps the newest of all nodes but those with room of their own") {
  Hub hub({});
  hub.store_hourly({"Lab", "Barn", "Shed"}, 90);
  const auto bytes = static_cast<double>(hub.numbers("SELECT max(bytes) FROM batches").at(0));
  RetentionSettings settings;
  settings.data.all.max_gb = 10.5 * bytes / 1e9;
  settings.data.nodes["Lab"].max_gb = 4.5 * bytes / 1e9;
  settings.data.own_room = {"Lab"};
  hub.retention->change(settings);
  hub.look();
  CHECK(hub.numbers("SELECT count(*) FROM batches WHERE node = 'Lab'") == Numbers{4});
  CHECK(hub.numbers("SELECT min(id) FROM batches WHERE node = 'Lab'") == Numbers{79});
  CHECK(hub.numbers("SELECT id FROM batches WHERE node <> 'Lab' ORDER BY id") ==
        Numbers{77, 78, 80, 81, 83, 84, 86, 87, 89, 90});
}

TEST_CASE("min_free_gb of data deletes as much as is missing") {
  Hub hub({});
  hub.store_hourly({"Lab"}, 20);
  const auto bytes = static_cast<std::uint64_t>(hub.numbers("SELECT max(bytes) FROM batches").at(0));
  RetentionSettings settings;
  settings.data.all.min_free_gb = 1;
  hub.retention->change(settings);
  hub.look();
  CHECK(hub.ids() == from_to(1, 20));
  // The disk of the images has nothing to do with it.
  hub.test_disk.images_free_bytes = 0;
  hub.look();
  CHECK(hub.ids() == from_to(1, 20));
  hub.test_disk.images_free_bytes = 500'000'000'000;
  hub.test_disk.free_bytes = 1'000'000'000 - 5 * bytes + bytes / 2;
  hub.clock.advance(5 * common::kSecond);
  hub.retention->step([](const auto& task) { task(); });
  CHECK(hub.ids() == from_to(6, 20));
}

TEST_CASE("a batch that was being deleted when the hub died is gone after the next start") {
  Hub hub({});
  hub.store_hourly({"Lab"}, 3);
  hub.exec("UPDATE batches SET state = 'deleting' WHERE id = 2");
  // Its row is no mistake meanwhile, and nor is its folder.
  CHECK(hub.in_order());
  CHECK(hub.batches_on_disk() == 3);
  hub.restart_all();
  CHECK(hub.ids() == Numbers{1, 3});
  CHECK(hub.batches_on_disk() == 2);
  CHECK(hub.in_order());
}

TEST_CASE("a folder that cannot be removed holds back further deletions, and no start") {
  Hub hub({});
  hub.store_hourly({"Lab"}, 40);
  const fs::path stuck = hub.data() / "data" / hub.path_of(1);
  fs::create_directories(stuck / "somebody's" / "own");
  RetentionSettings settings;
  settings.data.all.keep_days = 0.5;
  hub.retention->change(settings);
  CHECK_THROWS_WITH(hub.look(), ContainsSubstring("cannot remove old rows"));
  const auto left = hub.ids();
  CHECK(left.front() == 1);
  CHECK(left.size() == 25);  // the others of the first sixteen
  CHECK_THROWS(hub.look());
  CHECK(hub.ids() == left);
  CHECK_NOTHROW(hub.restart_all());
  fs::remove_all(stuck / "somebody's");
  hub.restart_all();
  CHECK(hub.ids() == from_to(17, 40));
}

TEST_CASE("no row of a batch goes while the folder of data is not mounted") {
  Hub hub(keep_days(0.001));
  hub.store_hourly({"Lab"}, 3);
  fs::rename(hub.data() / "data", hub.data() / "aside");
  hub.clock.advance(kHour);
  CHECK_THROWS(hub.retention->step([](const auto& task) { task(); }));
  CHECK(hub.ids() == from_to(1, 3));
  CHECK_NOTHROW(hub.restart_all());
  CHECK(hub.ids() == from_to(1, 3));
  fs::rename(hub.data() / "aside", hub.data() / "data");
  hub.look();
  CHECK(hub.ids().empty());
  CHECK(hub.batches_on_disk() == 0);
}
