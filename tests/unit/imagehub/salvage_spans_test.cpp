#include "catch.hpp"
#include "imagehub/care/backup.hpp"
#include "imagehub/care/salvage.hpp"
#include "imagehub/index/clock_spans.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;

namespace {

constexpr std::int64_t kHour = 3600 * common::kSecond;
constexpr std::int64_t kWrong = 1000 * common::kSecond;

/// A hub that filed events 1 to 4 while its clock stood in 1970, and made its backup then.
class Marked : public CareKit {
 public:
  Marked() {
    true_offset_ = clock.utc - clock.monotonic;
    clock.in_sync = false;
    clock.utc = kWrong;
    store(4);
    make_backup(disk, directory(), clock.utc_ns(), 2);
  }
  void store(int events) {
    for (int i = 0; i < events; ++i) {
      clock.advance(kHour);
      commit(message(1, ++seq_, "Barn|event", {}));
    }
  }
  void set_clock() {
    clock.utc = clock.monotonic + true_offset_;
    clock.in_sync = true;
  }
  /// How long ago each event came, in hours, after all corrections; without the hub's own.
  std::vector<std::int64_t> hours_ago() {
    committer->catch_up();
    SQLite::Database db(directory().index().string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, "SELECT received_ns FROM events ORDER BY id");
    std::vector<std::int64_t> found;
    while (query.executeStep()) found.push_back((clock.utc_ns() - query.getColumn(0).getInt64()) / kHour);
    CHECK(number("SELECT count(*) FROM clock_spans") == 0);
    return found;
  }

 private:
  std::int64_t true_offset_ = 0;
  std::uint64_t seq_ = 0;
};

using Hours = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("rows that a salvage takes from a backup keep the marks that the backup had of them, as undecided ones") {
  Marked hub;
  hub.set_clock();
  hub.committer->catch_up();  // the index itself has corrected all
  hub.clock.advance(100 * kHour);
  hub.store(1);
  hub.salvage("DELETE FROM events WHERE id IN (2, 3)");
  CHECK(hub.number("SELECT count(*) FROM clock_spans WHERE first_row = 2 AND last_row = 3 AND shift_ns IS NULL") == 1);
  CHECK(hub.number("SELECT count(*) FROM clock_spans") == 1);
  // Event 4 was the last of them; the others are an hour or two older. Nothing is older than it is.
  CHECK(hub.hours_ago() == Hours{104, 2, 1, 101, 0});
}

TEST_CASE("the marks of the damaged index hold for what comes from a backup too, once") {
  Marked hub;
  hub.store(1);
  hub.salvage("DELETE FROM events WHERE id IN (2, 3)");
  CHECK(hub.number("SELECT count(*) FROM clock_spans") == 1);
  hub.clock.advance(kHour);
  hub.set_clock();
  CHECK(hub.hours_ago() == Hours{4, 3, 2, 1, 0});
}

TEST_CASE("a mark from a backup bounds no row of the damaged index") {
  Marked hub;
  hub.store(1);
  hub.salvage("DELETE FROM events WHERE id IN (2, 3); UPDATE clock_spans SET first_row = 4, first_ns = 15400000000000");
  hub.set_clock();
  hub.clock.advance(kHour);
  CHECK(hub.number("SELECT count(*) FROM clock_spans") == 2);
  CHECK(hub.number("SELECT received_ns FROM events WHERE id = 5") == kWrong + 5 * kHour);
  hub.committer->catch_up();
  const std::int64_t now_ns = hub.clock.utc_ns();
  CHECK(hub.number("SELECT received_ns FROM events WHERE id = 5") == now_ns);
  CHECK(hub.number("SELECT received_ns FROM events WHERE id = 4") == now_ns - kHour);
  CHECK(hub.number("SELECT received_ns FROM events WHERE id = 3") >= now_ns - 2 * kHour);
}

TEST_CASE("marks with impossible values are left out") {
  Marked hub;
  hub.salvage(
      "INSERT INTO clock_spans VALUES (7, 'nodes', 1, 4, 0, 0, 1), (8, 'images', 5, 4, 0, 0, 1), "
      "(9, 'images', 1, 1 << 60, 0, 0, 1), (10, 'images', 1, 2, 'x', 0, 1)");
  CHECK(hub.number("SELECT count(*) FROM clock_spans WHERE id > 6") == 0);
  CHECK(hub.number("SELECT count(*) FROM clock_spans") == 1);
}

TEST_CASE("marks that cannot be read are not taken from another source for the rows of the damaged index") {
  Marked hub;
  hub.set_clock();
  hub.committer->catch_up();
  hub.salvage("DROP TABLE clock_spans");
  CHECK(hub.number("SELECT count(*) FROM clock_spans") == 0);
  CHECK(hub.hours_ago() == Hours{3, 2, 1, 0});
}
