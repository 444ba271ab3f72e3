#include "imagehub/store/event_log.hpp"

#include <chrono>
#include <fstream>

#include "catch.hpp"
#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "temp_folder.hpp"

using imagehub::EventLog;

namespace {

constexpr std::int64_t kDay = 86'400 * common::kSecond;
constexpr std::int64_t kNoon = 1'795'176'000 * common::kSecond;

void append(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a log line has the form that the Python hub wrote") {
  const std::string line = EventLog::line(kNoon + 809 * common::kMillisecond, "Barn door|motion|moving");
  CHECK(line == common::local_date(kNoon) + line.substr(10, 9) + ",809 ~ Barn door|motion|moving\n");
  CHECK(line.size() == 23 + 3 + 23 + 1);
}

TEST_CASE("one message is one line, whatever it holds") {
  CHECK(EventLog::line(kNoon, "a|b\n2026 ~ forged|c\x1b").substr(26) == "a|b\\n2026 ~ forged|c\\x1b\n");
}

TEST_CASE("at the first line of a new day the log gets the name of its day") {
  const TempFolder folder;
  EventLog log(folder.disk, folder.path());
  log.next_position(kNoon);
  log.append("first\n");
  const auto next = log.next_position(kNoon + kDay);
  CHECK(next.offset == 0);
  log.append("second\n");
  CHECK(common::read_text_file(folder.path() / ("imagehub.log." + common::local_date(kNoon))) == "first\n");
  CHECK(common::read_text_file(folder.path() / "imagehub.log") == "second\n");
}

TEST_CASE("rotation overwrites nothing") {
  const TempFolder folder;
  const std::string dated = "imagehub.log." + common::local_date(kNoon);
  append(folder.path() / dated, "old\n");
  EventLog log(folder.disk, folder.path());
  log.next_position(kNoon);
  log.append("first\n");
  log.next_position(kNoon + kDay);
  CHECK(common::read_text_file(folder.path() / dated) == "old\n");
  CHECK(common::read_text_file(folder.path() / (dated + "-1")) == "first\n");
}

TEST_CASE("lines of others stay and half a line gets its own") {
  const TempFolder folder;
  append(folder.path() / "imagehub.log", "of another\nhalf");
  EventLog log(folder.disk, folder.path());
  const auto now = common::SystemClock().utc_ns();
  const auto position = log.next_position(now);
  log.append("ours\n");
  CHECK(common::read_text_file(folder.path() / "imagehub.log") == "of another\nhalf\nours\n");
  CHECK(position.offset == 16);
  CHECK(log.holds(position, "ours\n"));
  CHECK_FALSE(log.holds(position, "theirs\n"));
  CHECK_FALSE(log.holds({position.day, 0}, "ours\n"));
}

TEST_CASE("a line is found again after its file was rotated") {
  const TempFolder folder;
  EventLog log(folder.disk, folder.path());
  const auto position = log.next_position(kNoon);
  log.append("first\n");
  log.next_position(kNoon + kDay);
  CHECK(log.holds(position, "first\n"));
}

TEST_CASE("a clock that is a little behind does not give the log a wrong name") {
  const TempFolder folder;
  EventLog log(folder.disk, folder.path());
  log.next_position(kNoon);
  log.append("of today\n");
  CHECK(log.next_position(kNoon - kDay).day == common::local_date(kNoon));
  log.append("clock behind\n");
  CHECK(log.next_position(kNoon).offset > 0);
  CHECK(common::read_text_file(folder.path() / "imagehub.log") == "of today\nclock behind\n");
}

TEST_CASE("a clock that was years ahead does not stop rotation") {
  const TempFolder folder;
  EventLog log(folder.disk, folder.path());
  log.next_position(kNoon + 1000 * kDay);
  log.append("of the future\n");
  CHECK(log.next_position(kNoon).day == common::local_date(kNoon));
}

TEST_CASE("a line of the current file is found again after a start with a clock that was set back") {
  const TempFolder folder;
  const std::string line = EventLog::line(kNoon, "Barn|motion|moving");
  imagehub::LogPosition position;
  {
    EventLog log(folder.disk, folder.path());
    position = log.next_position(kNoon);
    log.append(line);
  }
  const auto current = folder.path() / "imagehub.log";
  std::filesystem::last_write_time(current, std::filesystem::last_write_time(current) - std::chrono::hours(24 * 365));
  CHECK(EventLog(folder.disk, folder.path()).holds(position, line));
}
