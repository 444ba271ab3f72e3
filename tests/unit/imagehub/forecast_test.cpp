#include "imagehub/filing/forecast.hpp"

#include "catch.hpp"
#include "fake_clock.hpp"
#include "imagehub/index/batch_rows.hpp"
#include "imagehub/index/deletions.hpp"
#include "temp_folder.hpp"
#include "unit/imagehub/disk_of_size.hpp"

using namespace imagehub;
using common::kSecond;

namespace {

constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::uint64_t kGb = 1'000'000'000;

struct Fixture {
  explicit Fixture(RetentionSettings given = {}) : settings(std::move(given)) {
    disk.free_bytes = 100 * kGb;
    clock.utc = 20'000 * kDay + 12 * kHour;
    EventRow start;
    start.node = "imagehub";
    start.received_ns = clock.utc_ns();
    {
      Index::Transaction transaction(*index);
      index->add(start);
      transaction.commit();
    }
    restart();
  }
  void restart() {
    forecast.reset();
    index.reset();
    index = std::make_unique<Index>(disk, folder.path() / "index.sqlite3", Durability::synced);
    forecast = std::make_unique<Forecast>(settings, *index, disk, folder.path(), clock);
  }
  void store(double gb, const std::string& node = "Barn") {
    ImageRow row;
    row.node = node;
    row.bytes = static_cast<std::uint64_t>(gb * static_cast<double>(kGb));
    row.received_ns = clock.utc_ns();
    Index::Transaction transaction(*index);
    index->add(row);
    transaction.commit();
  }
  /// Rows of a batch, which goes on with more of them when it has been here before.
  void store_rows(double gb, BatchRow& row) {
    row.batch.node = "Lab";
    row.received_ns = clock.utc_ns();
    row.batch.files.push_back({"rows.csv", 1, static_cast<std::uint64_t>(gb * static_cast<double>(kGb)), ""});
    Index::Transaction transaction(*index);
    BatchRows(*index).save(row);
    transaction.commit();
  }
  std::optional<double> days_left() {
    forecast->measure();
    return forecast->status().days_left;
  }
  std::string warning() { return forecast->measure().value_or(""); }

  RetentionSettings settings;
  TempFolder folder;
  DiskOfSize disk;
  FakeClock clock;
  std::unique_ptr<Index> index = std::make_unique<Index>(disk, folder.path() / "index.sqlite3", Durability::synced);
  std::unique_ptr<Forecast> forecast;
};

}  // namespace

TEST_CASE("days left are what is free over what came in a day") {
  Fixture fixture;
  CHECK_FALSE(fixture.days_left());
  fixture.clock.advance(2 * kDay);
  fixture.store(10);
  CHECK(fixture.days_left() == Approx(20));
  CHECK(fixture.forecast->status().bytes_per_day == Approx(5e9));
}

TEST_CASE("a young index counts as an hour old, an old one by its last seven days") {
  Fixture fixture;
  fixture.store(1);
  CHECK(fixture.days_left() == Approx(100.0 / 24));
  fixture.clock.advance(30 * kDay);
  CHECK_FALSE(fixture.days_left());
  fixture.store(13);
  CHECK(fixture.forecast->status().days_left == std::nullopt);
  CHECK(fixture.days_left() == Approx(50));  // six days and a half
}

TEST_CASE("keep_days holds a node at what comes in that time, and the disk may be full before") {
  RetentionSettings settings;
  settings.images.nodes["Barn"].keep_days = 3;
  Fixture fixture(settings);
  fixture.clock.advance(kDay);
  fixture.store(20);
  CHECK_FALSE(fixture.days_left());
  fixture.disk.free_bytes = 30 * kGb;  // of 40 that are still to come
  CHECK(fixture.days_left() == Approx(1.5));
  CHECK(fixture.forecast->status().bytes_per_day == Approx(20e9));
  fixture.disk.free_bytes = 100 * kGb;
  fixture.store(10, "Shed");
  CHECK(fixture.days_left() == Approx(6));
}

TEST_CASE("max_gb holds all nodes together, or one that has room of its own") {
  RetentionSettings settings;
  settings.images.all.max_gb = 50;
  Fixture fixture(settings);
  fixture.clock.advance(kDay);
  fixture.store(10);
  fixture.store(10, "Shed");
  CHECK_FALSE(fixture.days_left());
  fixture.disk.free_bytes = 25 * kGb;
  CHECK(fixture.days_left() == Approx(1.25));
  settings.images.nodes["Shed"].max_gb = 15;
  settings.images.own_room = {"Shed"};
  fixture.forecast->set_retention(settings);
  CHECK(fixture.days_left() == Approx(2));  // Shed brings 5 more
}

TEST_CASE("what min_free_gb deletes fills no disk") {
  RetentionSettings settings;
  settings.images.all.min_free_gb = 5;
  Fixture fixture(settings);
  fixture.clock.advance(kDay);
  fixture.store(10);
  CHECK_FALSE(fixture.days_left());
}

TEST_CASE("of two disks the one counts that is full first") {
  Fixture fixture;
  std::filesystem::create_directory(fixture.folder.path() / "images");
  fixture.clock.advance(kDay);
  fixture.store(10);
  BatchRow row;
  fixture.store_rows(10, row);
  fixture.disk.images_free_bytes = 100 * kGb;
  CHECK(fixture.days_left() == Approx(10));
  CHECK(fixture.forecast->status().bytes_per_day == Approx(10e9));
  fixture.disk.images_free_bytes = 20 * kGb;
  CHECK(fixture.days_left() == Approx(2));
}

TEST_CASE("rows fill the disk too, unless they have limits of their own") {
  Fixture fixture;
  fixture.clock.advance(kDay);
  fixture.store(10);
  BatchRow row;
  fixture.store_rows(10, row);
  CHECK(fixture.days_left() == Approx(5));
  fixture.store_rows(20, row);
  CHECK(fixture.days_left() == Approx(2.5));
  RetentionSettings settings;
  settings.data.nodes["Lab"].max_gb = 1;
  settings.data.own_room = {"Lab"};
  fixture.forecast->set_retention(settings);
  CHECK(fixture.days_left() == Approx(9.9));
}

TEST_CASE("limits that are changed count at the next look") {
  Fixture fixture;
  fixture.clock.advance(kDay);
  fixture.store(10);
  CHECK(fixture.days_left() == Approx(10));
  RetentionSettings settings;
  settings.images.all.keep_days = 3;
  fixture.forecast->set_retention(settings);
  CHECK_FALSE(fixture.days_left());
}

TEST_CASE("deleting does not make the disk seem to fill more slowly") {
  Fixture fixture;
  fixture.clock.advance(kDay);
  fixture.store(10);
  Deletions deletions(*fixture.index);
  Index::Transaction transaction(*fixture.index);
  for (const auto& image : deletions.oldest("Barn", false, INT64_MAX, INT64_MAX, 10)) deletions.to_garbage(image);
  transaction.commit();
  CHECK(fixture.days_left() == Approx(10));
}

TEST_CASE("a week and a day before there is a warning, each once until it gets better, over restarts too") {
  Fixture fixture;
  fixture.clock.advance(kDay);
  fixture.store(10);
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 70 * kGb;
  CHECK(fixture.warning() == "imagehub|disk|full in 7 days");
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 75 * kGb;  // about the same
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 70 * kGb;
  fixture.restart();
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 10 * kGb;
  CHECK(fixture.warning() == "imagehub|disk|full in 1 day");
  fixture.restart();
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 30 * kGb;  // better than a day, still less than a week
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 5 * kGb;
  CHECK(fixture.warning() == "imagehub|disk|full in 1 day");
  fixture.disk.free_bytes = 100 * kGb;
  CHECK(fixture.warning() == "");
  fixture.disk.free_bytes = 55 * kGb;
  CHECK(fixture.warning() == "imagehub|disk|full in 6 days");
}
