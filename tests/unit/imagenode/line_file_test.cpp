#include <fstream>

#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

/// A line that follows a file.
struct Stage {
  explicit Stage(const std::string& before, const std::string& keys = "") : file(bench.root() / "log.csv") {
    append(before);
    bench.line("type: file, path: " + file.string() + ", fields: [a], chunk: {rows: 1}, " + keys);
    bench.settle();
  }

  void append(const std::string& text) const { std::ofstream(file, std::ios::app | std::ios::binary) << text; }
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

TEST_CASE("a large file is taken in several goes") {
  std::string text;
  for (int i = 0; i < 160'000; ++i) text += std::to_string(100'000 + i) + '\n';
  Stage stage(text, "from: start");
  stage.bench.settle();
  CHECK(stage.bench.line().counts().rows == 160'000);
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
