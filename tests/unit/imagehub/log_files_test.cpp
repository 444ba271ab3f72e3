#include "imagehub/store/log_files.hpp"

#include <fstream>

#include "catch.hpp"
#include "common/clock.hpp"
#include "common/local_time.hpp"
#include "temp_folder.hpp"

using namespace imagehub;
using Texts = std::vector<std::string>;

namespace {

constexpr std::int64_t kTime = 1'795'168'800 * common::kSecond + 809 * common::kMillisecond;

class Logs {
 public:
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_.path() / name) << text; }
  bool holds(const std::string& day, std::int64_t offset, const std::string& text, std::int64_t time_ns = kTime) const {
    return LogFiles(folder_.disk, folder_.path()).holds({day, offset}, time_ns, text);
  }
  TempFolder folder_;
};

}  // namespace

TEST_CASE("a log line is taken apart") {
  const auto line = parse_log_line("2026-11-20 08:18:31,809 ~ Barn door|motion|moving");
  REQUIRE(line);
  CHECK(common::log_stamp(line->time_ns) == "2026-11-20 08:18:31,809");
  CHECK(line->text == "Barn door|motion|moving");
  for (const char* other : {"", "Traceback", "2026-11-20 08:18:31,809 - x", "2026-11-20 08:18:61,809 ~ x",
                            "2026-11-20 08:18:31,80 ~ x", "2026-11-20T08:18:31,809 ~ x"}) {
    CAPTURE(other);
    CHECK_FALSE(parse_log_line(other));
  }
}

TEST_CASE("a line is found in the log of its day, in the current one, and in one whose name was taken") {
  const Logs logs;
  const std::string line = EventLog::line(kTime, "Barn|x");
  const auto length = static_cast<std::int64_t>(line.size());
  logs.write(GENERATE(std::string("imagehub.log"), "imagehub.log.2026-11-20", "imagehub.log.2026-11-20-1"),
             line + line);
  CHECK(logs.holds("2026-11-20", 0, "Barn|x"));
  CHECK(logs.holds("2026-11-20", length, "Barn|x"));
  CHECK_FALSE(logs.holds("2026-11-20", 1, "Barn|x"));
  CHECK_FALSE(logs.holds("2026-11-20", 2 * length, "Barn|x"));
  CHECK_FALSE(logs.holds("2026-11-20", -1, "Barn|x"));
  CHECK_FALSE(logs.holds("2026-11-20", 0, "Barn|y"));
  CHECK_FALSE(logs.holds("2026-11-20", 0, "Barn|"));
  CHECK_FALSE(logs.holds("2026-11-20", 0, "Barn|x", kTime + common::kMillisecond));
}

TEST_CASE("a line of another day does not count") {
  const Logs logs;
  logs.write("imagehub.log.2026-11-19", EventLog::line(kTime, "Barn|x"));
  CHECK_FALSE(logs.holds("2026-11-20", 0, "Barn|x"));
}

TEST_CASE("a line of another time zone counts, and one that an older program did not escape") {
  const Logs logs;
  logs.write("imagehub.log", EventLog::line(kTime, "Barn|x"));
  CHECK(logs.holds("2026-11-20", 0, "Barn|x", kTime + 5 * 3600 * common::kSecond + 2700 * common::kSecond));
  logs.write("imagehub.log", common::log_stamp(kTime) + " ~ Barn|C:\\x\n");
  CHECK(logs.holds("2026-11-20", 0, "Barn|C:\\x"));
  logs.write("imagehub.log", EventLog::line(kTime, "Barn|a\nb"));
  CHECK(logs.holds("2026-11-20", 0, "Barn|a\nb"));
}

TEST_CASE("every whole line comes with its place, across the blocks that are read") {
  const Logs logs;
  std::string text;
  Texts lines;
  for (int n = 0; n < 20'000; ++n) {
    lines.push_back("line " + std::to_string(n) + std::string(static_cast<std::size_t>(n % 50), '.'));
    text += lines.back() + '\n';
  }
  logs.write("imagehub.log.2026-11-19", text + "half");
  LogFiles files(logs.folder_.disk, logs.folder_.path());
  REQUIRE(files.files().size() == 1);
  std::size_t at = 0;
  files.each_line(files.files()[0], [&](std::int64_t offset, std::string_view line) {
    REQUIRE(at < lines.size());
    REQUIRE(line == lines[at]);
    REQUIRE(text.compare(static_cast<std::size_t>(offset), line.size(), line) == 0);
    ++at;
  });
  CHECK(at == lines.size());
}
