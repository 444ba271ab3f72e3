#include "catch.hpp"
#include "imagenode/line/rejects.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

std::string text_of(const std::filesystem::path& file) {
  return std::filesystem::exists(file) ? common::read_text_file(file) : "";
}

}  // namespace

TEST_CASE("rows that make no sense are kept with time and reason") {
  LineBench bench;
  LineRows rows = bench.rows("type: stdin, fields: [a, b]");
  rows.stream_begins(1);
  CHECK_FALSE(std::filesystem::exists(bench.root() / "lines"));
  rows.stream_bytes(1, "1,2\n1,\"x\xff\n1,2\n3,\n");
  CHECK(text_of(bench.root() / "lines/L1/rejects.csv") ==
        "Timestamp,Reason,Row\r\n"
        "1795168800.000000,a quote is not closed,\"1,\"\"x\\xff\"\r\n"
        "1795168800.000000,\"b: \"\"\"\" is not a number\",\"3,\"\r\n");
  CHECK(rows.counts().rejected == 2);
}

TEST_CASE("the file of bad rows goes on after a start, and is bounded") {
  const TempFolder folder;
  const auto file = folder.path() / "rejects.csv";
  const auto old = folder.path() / "rejects.csv.1";
  Moment moment{1'795'168'800 * common::kSecond, 1, true};
  {
    Rejects rejects(folder.path(), 1000, folder.disk);
    rejects.add(moment, "first", "why");
  }
  Rejects rejects(folder.path(), 1000, folder.disk);
  for (int i = 0; i < 40; ++i) rejects.add(moment, "row " + std::to_string(i), "why");
  CHECK_THAT(text_of(old), ContainsSubstring("first"));
  CHECK_THAT(text_of(file), ContainsSubstring("row 39"));
  // The second time it is full within an hour rows are counted only.
  const std::string full = text_of(old);
  for (int i = 0; i < 100; ++i) rejects.add(moment, "more", "why");
  CHECK(text_of(old) == full);
  CHECK(text_of(file).size() <= 1000);
  moment.monotonic_ns += Rejects::kPause;
  rejects.add(moment, "an hour later", "why");
  CHECK_THAT(text_of(old), ContainsSubstring("row 39"));
  CHECK_THAT(text_of(file), ContainsSubstring("an hour later"));
}

TEST_CASE("of a long bad row the beginning is kept, and with size 0 nothing") {
  const TempFolder folder;
  Rejects rejects(folder.path() / "kept", 100'000, folder.disk);
  rejects.add({}, std::string(50'000, 'x'), "why");
  CHECK_THAT(text_of(folder.path() / "kept/rejects.csv"), ContainsSubstring(std::string(Rejects::kMaxRow, 'x') + "\r"));
  Rejects none(folder.path() / "none", 0, folder.disk);
  none.add({}, "x", "why");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "none"));
}

TEST_CASE("a disk that takes no bad rows disturbs nobody, and is tried again") {
  const TempFolder folder;
  write_file(folder.path() / "lines", {});  // a file in the place of the folder
  Rejects rejects(folder.path() / "lines", 1000, folder.disk);
  Moment moment{0, 1, true};
  CHECK_NOTHROW(rejects.add(moment, "1", "why"));
  std::filesystem::remove(folder.path() / "lines");
  CHECK_NOTHROW(rejects.add(moment, "2", "why"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "lines"));
  moment.monotonic_ns += 60 * common::kSecond;
  rejects.add(moment, "3", "why");
  CHECK_THAT(text_of(folder.path() / "lines/rejects.csv"), ContainsSubstring(",why,3\r\n"));
}
