#include <fstream>

#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

/// A line that follows a file.
struct Stage {
  explicit Stage(const std::string& before, const std::string& keys = "") : file(bench.root() / "log.csv") {
    append(before);
    bench.line(all_keys(keys));
    bench.settle();
  }

  std::string all_keys(const std::string& keys) const {
    return "type: file, path: " + file.string() + ", fields: [a], chunk: {rows: 1}, " + keys;
  }
  void renew(const std::string& keys) { bench.renew(all_keys(keys)); }

  void append(const std::string& text) const { std::ofstream(file, std::ios::app | std::ios::binary) << text; }
  /// Reading fails; meanwhile something happens; then it can be read again.
  void fail(const std::function<void()>& meanwhile) {
    bench.disk.reads_fail = true;
    append("\n");  // an empty line is no row
    CHECK(bench.turn_until([&] { return bench.line().lost(); }));
    meanwhile();
    bench.disk.reads_fail = false;
    CHECK(bench.turn_until([&] { return !bench.line().lost(); }));
  }

  /// Of all rows so far.
  std::vector<std::string> values() {
    bench.settle();
    std::vector<std::string> found;
    for (const Chunk& chunk : bench.chunks) {
      const auto comma = chunk.csv.rfind(',');
      found.push_back(chunk.csv.substr(comma + 1, chunk.csv.size() - comma - 3));
    }
    return found;
  }

  LineBench bench;
  std::filesystem::path file;
};

using Values = std::vector<std::string>;

}  // namespace

TEST_CASE("what is appended to a file comes; what was in it only when that is wanted") {
  Stage from_end("1\n2");
  CHECK(from_end.values().empty());
  from_end.append("2\n3\n");
  CHECK(from_end.values() == Values{"22", "3"});
  Stage from_start("1\n2\n", "from: start");
  from_start.append("3\n");
  CHECK(from_start.values() == Values{"1", "2", "3"});
}

TEST_CASE("a file that is rotated away is read to its end before the new one") {
  Stage stage("1\n", "from: start");
  CHECK(stage.values() == Values{"1"});
  std::filesystem::rename(stage.file, stage.bench.root() / "log.csv.1");
  CHECK(stage.values() == Values{"1"});
  std::ofstream(stage.bench.root() / "log.csv.1", std::ios::app) << "2\n3";
  stage.append("4\n");
  CHECK(stage.values() == Values{"1", "2", "4"});
  CHECK(stage.bench.line().counts().cut == 1);
  stage.append("5\n");
  CHECK(stage.values() == Values{"1", "2", "4", "5"});
  CHECK(stage.bench.told.empty());
}

TEST_CASE("a file that is emptied is read from its beginning") {
  Stage stage("100\n", "from: start");
  CHECK(stage.values() == Values{"100"});
  std::ofstream(stage.file, std::ios::trunc) << "2\n";
  CHECK(stage.values() == Values{"100", "2"});
}

TEST_CASE("after a failure a file goes on where it was, and no row comes twice") {
  for (const std::string from : {"from: start", "from: end"}) {
    Stage stage("1\n", from);
    stage.append("2\n3\n");
    Values expected = stage.values();
    stage.fail([&] { stage.append("4\n"); });
    stage.append("5\n");
    for (const char* value : {"4", "5"}) expected.push_back(value);
    CHECK(stage.values() == expected);
  }
}

TEST_CASE("a row of a file is not torn by a failure in the middle of it") {
  Stage stage("1\n2", "from: start");
  stage.bench.disk.reads_fail = true;
  stage.append("3");
  CHECK(stage.bench.turn_until([&] { return stage.bench.line().lost(); }));
  stage.bench.disk.reads_fail = false;
  stage.append("4\n");
  CHECK(stage.bench.turn_until([&] { return !stage.bench.line().lost(); }));
  CHECK(stage.values() == Values{"1", "234"});
  CHECK(stage.bench.line().counts().cut == 0);
}

TEST_CASE("with new settings a line goes on in its file where it was, and no row is lost or comes twice") {
  for (const std::string from : {"from: start", "from: end"}) {
    Stage stage("1\n", from + ", skip_first: True");
    stage.append("2\n3\n4");
    Values expected = stage.values();
    stage.bench.line().finish();
    stage.append("5\n6\n");
    stage.renew(from + ", max_length: 100, skip_first: True");
    stage.append("7\n");
    for (const char* value : {"45", "6", "7"}) expected.push_back(value);
    CHECK(stage.values() == expected);
    CHECK(stage.bench.line().counts().cut == 0);
  }
}

TEST_CASE("a line with new settings takes a file whole that came meanwhile, and another file as its settings say") {
  Stage stage("1\n", "from: start");
  CHECK(stage.values() == Values{"1"});
  stage.bench.line().finish();
  std::filesystem::remove(stage.file);
  stage.append("2\n3\n");
  stage.renew("from: end");
  CHECK(stage.values() == Values{"1", "2", "3"});
  stage.file = stage.bench.root() / "other.csv";
  stage.append("4\n");
  stage.renew("from: end");
  stage.append("5\n");
  CHECK(stage.values() == Values{"1", "2", "3"});
  stage.append("6\n");
  CHECK(stage.values() == Values{"1", "2", "3", "6"});
}

TEST_CASE("a line that waits for its file goes on waiting with new settings") {
  LineBench bench;
  const auto file = bench.root() / "log.csv";
  const std::string keys = "type: file, path: " + file.string() + ", fields: [a], chunk: {rows: 1}";
  bench.line(keys);
  CHECK(bench.turn_until([&] { return bench.line().lost(); }));
  bench.line().finish();
  std::ofstream(file) << "1\n";
  bench.renew(keys);
  bench.settle();
  CHECK(bench.chunks.size() == 1);
}

TEST_CASE("a file that came in the place of another one during a failure is taken from its beginning") {
  Stage stage("1\n2\n", "from: start");
  CHECK(stage.values() == Values{"1", "2"});
  stage.fail([&] {
    std::filesystem::remove(stage.file);
    stage.append("3\n4\n5\n6\n");
  });
  CHECK(stage.values() == Values{"1", "2", "3", "4", "5", "6"});
  stage.fail([&] { std::ofstream(stage.file, std::ios::trunc) << "7\n"; });
  CHECK(stage.values() == Values{"1", "2", "3", "4", "5", "6", "7"});
}

TEST_CASE("a file that is moved away and back goes on where it was") {
  Stage stage("1\n2\n", "from: start");
  CHECK(stage.values() == Values{"1", "2"});
  std::filesystem::rename(stage.file, stage.bench.root() / "away");
  std::filesystem::rename(stage.bench.root() / "away", stage.file);
  stage.append("3\n");
  CHECK(stage.values() == Values{"1", "2", "3"});
}

TEST_CASE("a file whose rows have no beginning any more is not read again") {
  LineBench bench;
  const auto file = bench.root() / "log.bin";
  const std::string row(
      "\x01"
      "1",
      2);
  std::ofstream(file) << row << "\xff";
  bench.line("type: file, path: " + file.string() +
             ", from: start, fields: [a], chunk: {rows: 1}, framing: length, length_type: uint8, max_length: 9");
  CHECK(bench.turn_until([&] { return bench.told.size() == 1; }));
  std::ofstream(file, std::ios::app) << row;
  CHECK(bench.turn_until([&] { return bench.told.size() == 2; }));
  bench.settle();
  CHECK(bench.told == Values{"file|lost|L1", "file|back|L1"});
  CHECK(bench.chunks.size() == 2);
}

TEST_CASE("a large file is taken in several goes") {
  std::string text;
  for (int i = 0; i < 160'000; ++i) text += std::to_string(100'000 + i) + '\n';
  Stage stage(text, "from: start");
  stage.bench.settle();
  CHECK(stage.bench.line().counts().rows == 160'000);
}

TEST_CASE("what is in a file that cannot be read at first is passed over all the same") {
  LineBench bench;
  const auto file = bench.root() / "log.csv";
  std::ofstream(file) << "1\n";
  bench.disk.reads_fail = true;
  bench.line("type: file, path: " + file.string() + ", fields: [a], chunk: {rows: 1}");
  CHECK(bench.turn_until([&] { return bench.line().lost(); }));
  bench.disk.reads_fail = false;
  CHECK(bench.turn_until([&] { return !bench.line().lost(); }));
  bench.settle();
  CHECK(bench.chunks.empty());
}

TEST_CASE("a file that is not there yet is told as lost, and is taken whole when it comes") {
  LineBench bench;
  const auto file = bench.root() / "log.csv";
  bench.line("type: file, path: " + file.string() + ", fields: [a], chunk: {rows: 1}");
  CHECK(bench.turn_until([&] { return bench.waits.size() == 2; }));
  CHECK(bench.told == std::vector<std::string>{"file|lost|L1"});
  std::ofstream(file) << "1\n2\n";
  CHECK(bench.turn_until([&] { return bench.chunks.size() == 2; }));
  CHECK(bench.told == std::vector<std::string>{"file|lost|L1", "file|back|L1"});
}

TEST_CASE("a file that is rotated while it cannot be read, or while settings change, is read to its end first") {
  Stage stage("1\n", "from: start");
  CHECK(stage.values() == Values{"1"});
  const auto rotate = [&](const std::string& rest, const std::string& name, const std::string& next) {
    stage.append(rest);
    std::filesystem::rename(stage.file, stage.bench.root() / name);
    stage.append(next);
  };
  stage.fail([&] { rotate("2\n", "log.csv.1", "3\n"); });
  CHECK(stage.values() == Values{"1", "2", "3"});
  rotate("4\n5\n", "log.csv.2", "6\n");
  stage.renew("from: start, report: False");
  CHECK(stage.values() == Values{"1", "2", "3", "4", "5", "6"});
}

TEST_CASE("a first row that is to be skipped is skipped also when settings change before it is there") {
  Stage stage("", "from: start, skip_first: True");
  stage.append("9");
  CHECK(stage.values().empty());
  stage.renew("from: start, skip_first: True, report: False");
  stage.append("9\n1\n");
  CHECK(stage.values() == Values{"1"});
}

TEST_CASE("the rest of a row that is too long is no row when settings change in its midst") {
  Stage stage("", "from: start, max_length: 5");
  stage.append("1234567");
  CHECK(stage.values().empty());
  stage.renew("from: start, max_length: 5, report: False");
  stage.append("89\n7\n");
  CHECK(stage.values() == Values{"7"});
}
