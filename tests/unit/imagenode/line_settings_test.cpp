#include "catch.hpp"
#include "common/files.hpp"
#include "imagenode/settings.hpp"
#include "line_fixture.hpp"
#include "reference_settings.hpp"

using namespace imagenode;

TEST_CASE("a line has defaults") {
  const LineSettings plain = LineBench::settings("type: unix, path: /run/feed, fields: [a]");
  CHECK(plain.label == "L1");
  CHECK(plain.kind == "unix");
  CHECK(plain.chunk_rows == 400);
  CHECK(plain.chunk_seconds == 2);
  CHECK(plain.rejects_kb == 1024);
  CHECK(plain.report);
  CHECK_FALSE(plain.skip_first);
  CHECK(plain.relay.address.empty());
  CHECK_FALSE(plain.relay.write);
}

TEST_CASE("an unknown transport is answered with those that there are") {
  CHECK_THAT(LineBench::problems("type: usb, fields: [a]"),
             ContainsSubstring("usb is unknown; known are file, serial, stdin, tcp, unix"));
  CHECK_THAT(LineBench::problems("fields: [a]"), ContainsSubstring("type: is required here; one of file"));
}

TEST_CASE("what transports cannot do without is asked for") {
  const auto wrong = [](const std::string& keys) { return LineBench::problems("fields: [a], " + keys); };
  CHECK_THAT(wrong("type: tcp"), ContainsSubstring("one of connect: tcp://"));
  CHECK_THAT(wrong("type: tcp, connect: 'tcp://a:1', listen: 'tcp://*:1'"),
             ContainsSubstring("one of connect: tcp://"));
  CHECK_THAT(wrong("type: tcp, connect: 'tcp://*:1'"), ContainsSubstring("no host that can be used here"));
  CHECK_THAT(wrong("type: tcp, listen: 'ipc:///x'"), ContainsSubstring("does not begin with tcp://"));
  CHECK_THAT(wrong("type: unix, path: feed"), ContainsSubstring("the whole path of a socket"));
  CHECK_THAT(wrong("type: file, path: log"), ContainsSubstring("the whole path of a file"));
  CHECK_THAT(wrong("type: file, path: /log, from: middle"), ContainsSubstring("is not one of end, start"));
}

TEST_CASE("binary frames on a port need something by which their beginning is found") {
  const std::string keys = "format: struct, fields: [{name: a, type: int16}]";
  const std::string port = ", type: serial, port: /dev/ttyUSB0";
  const std::string wrong = "frames on a port need a start or a checksum";
  CHECK_THAT(LineBench::problems(keys + port), ContainsSubstring(wrong));
  CHECK_THAT(LineBench::problems(keys + port + ", checksum: none"), ContainsSubstring(wrong));
  CHECK(LineBench::problems(keys + port + ", start: AA").empty());
  CHECK(LineBench::problems(keys + port + ", checksum: sum8").empty());
  // A program that connects begins with a frame.
  CHECK(LineBench::problems(keys + ", type: unix, path: /run/feed").empty());
}

TEST_CASE("two lines have two folders for what they keep") {
  auto file = common::SettingsFile::parse(
      "lines: {a b: {type: unix, path: /run/a, format: raw}, a-b: {type: unix, path: /run/b, format: raw}}", "f");
  auto root = file.root();
  read_lines(root);
  CHECK_THROWS_WITH(file.finish(), ContainsSubstring("another line has the folder a-b already"));
}

TEST_CASE("standard input is for one line") {
  auto file = common::SettingsFile::parse("lines: {a: {type: stdin, format: raw}, b: {type: stdin, format: raw}}", "f");
  auto root = file.root();
  CHECK(read_lines(root).size() == 2);
  CHECK_THROWS_WITH(file.finish(), ContainsSubstring("another line has standard input already"));
}

TEST_CASE("detectors of a line judge its numbers") {
  const std::string line = "type: stdin, fields: [{name: state, type: text}, a, {name: n, type: integer}], ";
  const LineSettings made = LineBench::settings(line + "detectors: {full: {type: threshold, field: n, above: 3}}");
  REQUIRE(made.detectors.size() == 1);
  CHECK(made.detectors[0].field == "n");
  CHECK_THAT(LineBench::problems(line + "detectors: {full: {type: threshold, above: 3}}"),
             ContainsSubstring("field: is required here; one of a, n"));
  CHECK_THAT(LineBench::problems(line + "detectors: {full: {type: threshold, field: state, above: 3}}"),
             ContainsSubstring("state is not one of a, n"));
  CHECK(LineBench::problems("type: stdin, format: raw, detectors: {gone: {type: missing, after: 5s}}").empty());
  // What is wrong with the format is said, and nothing of the detectors that depend on it.
  CHECK_THAT(LineBench::problems("type: stdin, format: xml, detectors: {full: {type: threshold, above: 3}}"),
             ContainsSubstring("xml is unknown") && !ContainsSubstring("detectors"));
}

TEST_CASE("the examples of lines in the guides are good settings") {
  for (const auto& [name, count] :
       {std::pair{"lines.md", 6}, std::pair{"feeding-data.md", 1}, std::pair{"alarms.md", 1}}) {
    const auto page = common::read_text_file(std::filesystem::path(PROJECT_ROOT) / "docs/guide" / name);
    const auto found = reference_settings::examples(page, "lines");
    CHECK(found.size() == static_cast<std::size_t>(count));
    for (const std::string& example : found) {
      INFO(example);
      auto file = common::SettingsFile::parse("node: {name: N}\nhub_address: none\n" + example, name);
      CHECK_FALSE(read_node_settings(file).lines.empty());
      CHECK_NOTHROW(file.finish());
    }
  }
}
