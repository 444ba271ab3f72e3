#include <chrono>
#include <fstream>

#include "catch.hpp"
#include "imagehub/index/index_reader.hpp"
#include "imagehub/store/log_files.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
constexpr std::int64_t kDay = 86'400 * common::kSecond;

using Hub = CareKit;

std::vector<EventRow> all_events(const Hub& hub) {
  std::vector<EventRow> rows;
  IndexReader(hub.disk, hub.data() / "index.sqlite3").each_event(0, INT64_MAX, [&](const EventRow& row) {
    rows.push_back(row);
  });
  return rows;
}

}  // namespace

TEST_CASE("a row says where its line came to stand although another program wrote to the log in between") {
  Hub hub;
  const auto write_theirs = [&] { std::ofstream(hub.log_file(), std::ios::app) << "line of another program\n"; };
  hub.disk.before_append = write_theirs;
  hub.commit(message(kBoot, 1, "Barn|a"));
  hub.commit(message(kBoot, 2, "Barn|b"));
  const auto stand_where_rows_say = [&] {
    for (const auto& row : hub.index->unfinished_events(0)) {
      CHECK(hub.log->holds({row.log_day, row.log_offset}, EventLog::line(row.time_ns, row.text)));
    }
  };
  stand_where_rows_say();
  CHECK(hub.log_texts().size() == 3);

  // The same for lines that are completed later.
  fs::resize_file(hub.log_file(), 0);
  hub.disk.before_append = write_theirs;
  hub.restart();
  stand_where_rows_say();
  CHECK(hub.log_texts().size() == 3);
  hub.restart();
  CHECK(hub.log_texts().size() == 3);
}

TEST_CASE("a log is renamed to the day that its rows say, whatever the clock did") {
  // A clock that is ahead by a day, is set back over midnight, and goes on to the day after: with a start at each step.
  const bool restarts = GENERATE(false, true);
  const std::int64_t step = GENERATE(kDay, -kDay);
  Hub hub;
  const common::SystemClock system_clock;
  const auto commit = [&](std::uint64_t seq) {
    hub.commit(message(kBoot, seq, "Barn|" + std::to_string(seq)));
    hub.committer->catch_up();
    fs::last_write_time(hub.log_file(), fs::file_time_type::clock::now() +
                                            std::chrono::nanoseconds(hub.clock.utc_ns() - system_clock.utc_ns()));
    if (restarts) hub.restart();
  };
  commit(1);
  hub.clock.utc += step;
  commit(2);
  hub.clock.utc -= step;
  commit(3);
  hub.clock.utc += 4 * kDay;
  commit(4);
  LogFiles logs(hub.disk, hub.data() / "logs");
  for (const auto& row : all_events(hub)) {
    CHECK(logs.holds({row.log_day, row.log_offset}, row.time_ns, row.text));
  }
}
