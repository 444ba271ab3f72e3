#include "common/batch.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "common/local_time.hpp"

using namespace common;

namespace {

Batch batch() {
  Batch made;
  made.node = "Lab 1";
  made.source = "arduino/a";
  made.boot = 0xF00D;
  made.number = 3;
  made.header = "ID,Timestamp,Temp (C)";
  made.time_ns = *parse_file_stamp("2026-11-20T08.18.31.809");
  made.first_ns = 5;
  made.last_ns = 7;
  made.files = {{"a-1.csv", 400, 8000, "aa"}, {"a-2.csv", 3, 60, "bb"}};
  return made;
}

}  // namespace

TEST_CASE("a batch has its folder by day, node, source and time") {
  CHECK(batch_path(batch()) == "2026-11-20/Lab-1/arduino-a/2026-11-20T08.18.31.809000");
  Batch other = batch();
  other.node = "..";
  other.source = "";
  CHECK(batch_path(other) == "2026-11-20/unnamed/data/2026-11-20T08.18.31.809000");
  other.view = "door";
  CHECK(batch_path(other) == "2026-11-20/unnamed/door/2026-11-20T08.18.31.809000");
}

TEST_CASE("names of files sort by time and number") {
  CHECK(batch_file_name(kDefaultNamePattern, batch(), 2, 5) == "arduino-a-2026-11-20T08.18.31-2.csv");
  CHECK(batch_file_name(kDefaultNamePattern, batch(), 2, 100) == "arduino-a-2026-11-20T08.18.31-002.csv");
}

TEST_CASE("a pattern imitates the names of older programs") {
  const std::string old = "batch-%d%m%y-%H%M%S-{n}-{name}-{k}.csv";
  CHECK_FALSE(name_pattern_problem(old));
  CHECK(batch_file_name(old, batch(), 4, 5) == "batch-201126-081831-3-arduino-a-4.csv");
}

TEST_CASE("a pattern that gives no names, or one name to all, is refused") {
  CHECK_FALSE(name_pattern_problem(kDefaultNamePattern));
  for (const char* wrong : {"", "x.csv", "{k}", "{k}.txt", "{k}/x.csv", "%q{k}.csv", "{k}.csv%", "{m}{k}.csv", "{k.csv",
                            ".{k}.csv", "{k}\n.csv"}) {
    INFO(wrong);
    CHECK(name_pattern_problem(wrong));
  }
  CHECK(name_pattern_problem(std::string(100, 'x') + "{k}.csv"));
  // Half of a letter is no UTF-8.
  CHECK_THAT(*name_pattern_problem("%\xC3\xA4{k}.csv"), ContainsSubstring("'%\\xc3' is no conversion"));
  CHECK_THAT(*name_pattern_problem("{k}{\n}.csv"), ContainsSubstring("'{\\n}' is unknown"));
}

TEST_CASE("the manifest tells rows, times, columns, units and digests, and can be read back") {
  const auto json = nlohmann::json::parse(to_manifest(batch()));
  CHECK(json["rows"] == 403);
  CHECK(json["bytes"] == 8060);
  CHECK(json["state"] == "partial");
  CHECK(json["columns"][2] == nlohmann::json{{"name", "Temp"}, {"unit", "C"}});
  CHECK(json["files"][1]["sha256"] == "bb");
  const auto read = parse_manifest(to_manifest(batch()));
  REQUIRE(read);
  CHECK(to_manifest(*read) == to_manifest(batch()));
}

TEST_CASE("what is no manifest is not taken for one") {
  CHECK_FALSE(parse_manifest(""));
  CHECK_FALSE(parse_manifest("[]"));
  CHECK_FALSE(parse_manifest("{\"format\": 1}"));
  for (const char* name : {"../a.csv", "a/b", "", ".hidden"}) {
    Batch outside = batch();
    outside.files[0].name = name;
    CHECK_FALSE(parse_manifest(to_manifest(outside)));
  }
}
