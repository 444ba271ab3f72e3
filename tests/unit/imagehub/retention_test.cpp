#include "catch.hpp"
#include "common/local_time.hpp"
#include "unit/imagehub/retention_kit.hpp"

namespace fs = std::filesystem;

TEST_CASE("without limits nothing is ever deleted") {
  Hub hub({});
  hub.store_hourly({"Barn"}, 3);
  hub.clock.advance(1000 * kDay);
  hub.look();
  CHECK(hub.seqs() == range(1, 3));
  CHECK(hub.retention->status().state == "off");
}

TEST_CASE("limits that are changed hold from then on") {
  Hub hub({});
  hub.store_hourly({"Barn"}, 100);
  hub.look();
  REQUIRE(hub.seqs() == range(1, 100));
  hub.retention->change(keep_days(2));
  hub.look();
  CHECK(hub.seqs() == range(53, 100));
  CHECK(hub.retention->status().state == "on");
  hub.retention->change({});
  CHECK(hub.retention->status().state == "off");
  hub.clock.advance(10 * kDay);
  hub.look();
  CHECK(hub.seqs() == range(53, 100));
  CHECK(hub.count("garbage") == 0);
}

TEST_CASE("keep_days deletes what was received before, rows and files, and the folders of emptied days") {
  Hub hub(keep_days(2));
  hub.store_hourly({"Barn"}, 100);
  const std::string first_day = common::local_date(hub.clock.utc_ns() - 99 * kHour);
  REQUIRE(fs::exists(hub.data() / "images" / first_day));
  hub.look();
  // The newest is just received, the one of 48 hours ago is a few seconds over the limit.
  CHECK(hub.seqs() == range(53, 100));
  CHECK(hub.pictures().size() == 48);
  CHECK(hub.count("garbage") == 0);
  CHECK_FALSE(fs::exists(hub.data() / "images" / first_day));
  const auto status = hub.retention->status();
  CHECK(status.state == "on");
  CHECK(status.deleted_images.at("keep_days") == 52);
  CHECK(status.deleted_bytes == 52 * Hub::kBytes);
}

TEST_CASE("max_gb keeps the newest of all nodes together") {
  Hub hub(max_gb(0.001));  // ten pictures
  hub.store_hourly({"Barn", "Shed", "Field"}, 300);
  hub.look();
  CHECK(hub.seqs() == range(291, 300));
  CHECK(hub.retention->status().deleted_images.at("max_gb") == 290);
  hub.look();
  CHECK(hub.seqs() == range(291, 300));
}

TEST_CASE("min_free_gb deletes as much as is missing, and no more before it looks again") {
  RetentionSettings settings;
  settings.images.all.min_free_gb = 1;
  Hub hub(settings);
  hub.store_hourly({"Barn"}, 20);
  hub.look();
  CHECK(hub.seqs() == range(1, 20));
  hub.test_disk.free_bytes = 1'000'000'000 - 5 * Hub::kBytes;
  // What deleting freed is not seen at once: the disk says the same for a while.
  hub.look();
  CHECK(hub.seqs() == range(6, 20));
  CHECK(hub.retention->status().deleted_images.at("min_free_gb") == 5);
  hub.test_disk.free_bytes = 1'000'000'000;
  hub.look();
  CHECK(hub.seqs() == range(6, 20));
}

TEST_CASE("a node's own limits take the place of those for all") {
  RetentionSettings settings = keep_days(1);
  settings.images.all.max_gb = 0.001;
  settings.images.nodes["Barn"] = {30, 0.0015, std::nullopt};
  settings.images.own_room = {"Barn"};
  Hub hub(settings);
  hub.store_hourly({"Barn", "Shed"}, 100);
  hub.look();
  std::vector<std::int64_t> barn;
  std::vector<std::int64_t> shed;
  for (const auto seq : hub.seqs()) (seq % 2 == 0 ? barn : shed).push_back(seq);
  CHECK(barn.size() == 15);  // its own room
  CHECK(shed.size() == 10);  // max_gb of the others; a day would have kept twelve
  CHECK(barn.front() == 72);
  CHECK(shed.front() == 81);
}

TEST_CASE("adopted files stay, and do not count, unless the owner includes them") {
  for (const bool include : {false, true}) {
    RetentionSettings settings = max_gb(0.001);
    settings.include_adopted = include;
    Hub hub(settings);
    hub.store_hourly({"Barn"}, 15);
    hub.exec("UPDATE images SET adopted = 1 WHERE seq <= 8");
    hub.look();
    CHECK(hub.seqs() == (include ? range(6, 15) : range(1, 15)));
    hub.store_hourly({"Barn"}, 0);
    hub.exec("UPDATE images SET adopted = 0 WHERE seq = 8");
    hub.exec("UPDATE images SET adopted = 1 WHERE seq = 15");
    CHECK(hub.count("image_totals") == 2);
  }
}

TEST_CASE("retention rests while the clock is doubtful, and says why") {
  Hub hub(keep_days(2));
  hub.store_hourly({"Barn"}, 3);
  hub.clock.in_sync = false;
  hub.clock.advance(20 * kHour);
  hub.look();
  CHECK(hub.retention->status().state == "at rest: the clock is not synchronised");
  hub.clock.in_sync = true;
  hub.clock.utc += 300 * kDay;  // a step, and nothing received since
  hub.look();
  CHECK(hub.retention->status().state == "at rest: the clock is more than a day away from the newest row");
  CHECK(hub.seqs() == range(1, 3));
  hub.clock.utc -= 600 * kDay;
  hub.look();
  CHECK(hub.retention->status().state == "at rest: the clock is more than a day away from the newest row");
  hub.clock.utc += 300 * kDay + 28 * kHour;
  hub.store_hourly({"Barn"}, 1);
  hub.look();
  CHECK(hub.retention->status().state == "on");
  CHECK(hub.seqs() == std::vector<std::int64_t>{4});
}

TEST_CASE("what was deleted stays known: it is acknowledged again and not stored") {
  Hub hub(max_gb(0.001));
  hub.store_hourly({"Barn"}, 12);
  hub.look();
  REQUIRE(hub.seqs() == range(3, 12));
  for (int round = 0; round < 2; ++round) {
    hub.store("Barn", 1);
    hub.store("Barn", 2);
    CHECK(hub.seqs() == range(3, 12));
    CHECK(hub.pictures().size() == 10);
    CHECK(fs::is_empty(hub.incoming()));
    hub.restart_all();
  }
}

TEST_CASE("after a crash between row and file the file goes, and nobody takes its name before") {
  Hub hub(max_gb(0.001));
  hub.store_hourly({"Barn"}, 12);
  const Texts before = hub.pictures();
  {
    Index::Transaction transaction(*hub.index);
    Deletions deletions(*hub.index);
    for (const auto& image : deletions.oldest("Barn", false, INT64_MAX, INT64_MAX, 2)) deletions.to_garbage(image);
    transaction.commit();
  }
  REQUIRE(hub.count("garbage") == 2);
  REQUIRE(hub.pictures() == before);
  hub.restart_all();
  CHECK(hub.count("garbage") == 0);
  CHECK(hub.pictures() == Texts(before.begin() + 2, before.end()));
  CHECK(hub.seqs() == range(3, 12));
  // The first name is free again only now.
  CHECK(hub.FilingKit::store->reserve_name("Barn", hub.clock.utc_ns() - 11 * kHour, ".jpg") == before.front());
}

TEST_CASE("after a crash: a file in the garbage that somebody adopted meanwhile is left alone") {
  Hub hub({});
  hub.store_hourly({"Barn"}, 3);
  const Texts pictures = hub.pictures();
  hub.exec("INSERT INTO garbage SELECT path FROM images WHERE seq < 3");
  hub.exec("DELETE FROM images WHERE seq = 1");
  SECTION("by the command") {
    hub.exec("UPDATE images SET adopted = 1, boot_id = NULL WHERE seq = 2");
  }
  SECTION("by a salvage") {
    hub.exec("INSERT INTO meta VALUES ('salvage_report', 'x')");
  }
  hub.restart_all();
  CHECK(hub.count("garbage") == 0);
  CHECK(hub.pictures() == Texts{pictures[1], pictures[2]});
}

TEST_CASE("a file that cannot be removed stays in the garbage under its name, and is tried again") {
  Hub hub(keep_days(1));
  hub.store_hourly({"Barn"}, 3);
  const Texts pictures = hub.pictures();
  // A folder in the place of the first file cannot be unlinked.
  fs::remove(hub.data() / "images" / pictures[0]);
  fs::create_directory(hub.data() / "images" / pictures[0]);
  hub.clock.advance(22 * kHour - 10 * common::kSecond);
  hub.store("Barn", 9);
  hub.clock.advance(20 * common::kSecond);
  hub.look();
  CHECK(hub.seqs() == std::vector<std::int64_t>{2, 3, 9});
  CHECK(hub.count("garbage") == 1);
  CHECK(hub.retention->status().undeletable_files == 1);
  fs::remove(hub.data() / "images" / pictures[0]);
  hub.clock.advance(61 * common::kSecond);
  hub.look();
  CHECK(hub.count("garbage") == 0);
  CHECK(hub.retention->status().undeletable_files == 0);
}

TEST_CASE("a day's folder that cannot be removed, such as a link to another disk, holds nothing up") {
  Hub hub(keep_days(2));
  hub.store_hourly({"Barn"}, 400);
  const std::int64_t first_ns = hub.clock.utc_ns() - 399 * kHour;
  const std::string first = hub.pictures().front();
  const fs::path linked = hub.data() / "images" / common::local_date(first_ns);
  fs::rename(linked, hub.data() / "elsewhere");
  fs::create_directory_symlink(hub.data() / "elsewhere", linked);
  REQUIRE_THROWS_AS(hub.disk.remove_folder(linked), std::system_error);
  hub.look();
  CHECK(hub.seqs() == range(353, 400));
  CHECK(hub.pictures().size() == 48);
  CHECK(hub.count("garbage") == 0);
  CHECK(fs::is_empty(linked));
  CHECK(hub.FilingKit::store->reserve_name("Barn", first_ns, ".jpg") == first);
}

TEST_CASE("rows that go leave ids and marks right") {
  Hub hub(max_gb(0.001));
  hub.store_hourly({"Barn"}, 12);
  hub.look();
  hub.exec("DELETE FROM images");  // as if retention had taken all
  hub.restart_all();
  hub.store_hourly({"Barn"}, 1);
  CHECK(hub.index->unfinished_images().size() == 1);
  hub.restart_all();
  CHECK(hub.seqs() == std::vector<std::int64_t>{13});
  CHECK(hub.pictures().size() == 11);
}

TEST_CASE("the sums by node follow the rows, whoever changes them") {
  Hub hub({});
  hub.store_hourly({"Barn", "Shed"}, 10);
  hub.exec("DELETE FROM images WHERE seq <= 3");
  hub.exec("UPDATE images SET bytes = 7 WHERE seq = 5");
  Deletions deletions(*hub.index);
  const auto totals = deletions.totals(nullptr, 1);
  REQUIRE(totals.size() == 1);
  CHECK(totals[0].node == "Barn");
  CHECK(totals[0].images == 4);
  CHECK(totals[0].bytes == 4 * Hub::kBytes);
  const auto next = deletions.totals(&totals[0], 10);
  REQUIRE(next.size() == 1);
  CHECK(next[0].node == "Shed");
  CHECK(next[0].bytes == 2 * Hub::kBytes + 7);
}
