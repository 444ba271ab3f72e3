#include "common/settings_reader.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "common/setting_values.hpp"
#include "common/text.hpp"
#include "temp_folder.hpp"

using namespace common;

namespace {

/// What finish() reports, "" when nothing.
std::string problems(SettingsFile& file) {
  try {
    file.finish();
    return "";
  } catch (const SettingsError& error) {
    return error.what();
  }
}

std::vector<double> numbers(const std::string& value, std::size_t count) {
  auto file = SettingsFile::parse("key: " + value, "f");
  std::vector<double> read;
  file.root().read_numbers("key", count, read);
  INFO(value);
  CHECK(problems(file) == "");
  return read;
}

double duration(const std::string& value, double bare_unit_s) {
  auto file = SettingsFile::parse("key: " + value, "f");
  double seconds = -1;
  file.root().read_duration("key", seconds, bare_unit_s);
  INFO(value);
  CHECK(problems(file) == "");
  return seconds;
}

}  // namespace

TEST_CASE("what the file does not have keeps its default") {
  auto file = SettingsFile::parse("a: None\nb:\n", "f");
  auto root = file.root();
  int a = 1;
  bool b = true;
  std::string c = "c";
  std::optional<int> d;
  root.read("a", a);
  root.read("b", b);
  root.read("c", c);
  root.read("d", d);
  CHECK(a == 1);
  CHECK(b);
  CHECK(c == "c");
  CHECK_FALSE(d);
  CHECK_FALSE(root.has("a"));
  CHECK(problems(file) == "");
}

TEST_CASE("Python's and YAML's words for true and false are understood") {
  for (const auto& [word, expected] : std::vector<std::pair<std::string, bool>>{{"True", true},
                                                                                {"true", true},
                                                                                {"yes", true},
                                                                                {"on", true},
                                                                                {"False", false},
                                                                                {"off", false},
                                                                                {"No", false}}) {
    auto file = SettingsFile::parse("key: " + word, "f");
    bool value = !expected;
    file.root().read("key", value);
    INFO(word);
    CHECK(value == expected);
    CHECK(problems(file) == "");
  }
}

TEST_CASE("tuples are read as Python wrote them and as YAML lists") {
  const std::vector<double> size{640, 480};
  CHECK(numbers("(640, 480)", 2) == size);
  CHECK(numbers("[640, 480]", 2) == size);
  CHECK(numbers("640, 480", 2) == size);
  CHECK(numbers("\"(640,480)\"", 2) == size);
  const std::vector<double> roi{65, 2, 100, 25};
  CHECK(numbers("(65,2),(100,25)", 4) == roi);
  CHECK(numbers("((65,2),(100,25))", 4) == roi);
  CHECK(numbers("[[65, 2], [100, 25]]", 4) == roi);
  CHECK(numbers("[(65,2), (100,25)]", 4) == roi);
  CHECK(numbers("((255,0,0),5)", 4) == std::vector<double>{255, 0, 0, 5});
  CHECK(numbers("(1.5, -2)", 2) == std::vector<double>{1.5, -2});
}

TEST_CASE("what is no tuple of so many numbers is reported") {
  for (const char* value : {"(640, 480", "640 480", "(1,2,3)", "(a, b)", "5", "{a: 1}", "((1,2)", "(1,2))"}) {
    auto file = SettingsFile::parse(std::string("key: ") + value, "f");
    std::vector<double> read{9};
    file.root().read_numbers("key", 2, read);
    INFO(value);
    CHECK_THAT(problems(file), ContainsSubstring("f:1:1: key must hold 2 numbers"));
    CHECK(read == std::vector<double>{9});
  }
}

TEST_CASE("durations have units, and a bare number has the unit of its key") {
  CHECK(duration("30s", 60) == 30);
  CHECK(duration("50ms", 1) == 0.05);
  CHECK(duration("10m", 1) == 600);
  CHECK(duration("2h", 1) == 7200);
  CHECK(duration("1d", 1) == 86'400);
  CHECK(duration("10", 60) == 600);
  CHECK(duration("0.5", 60) == 30);
  CHECK(duration("1.5h", 60) == 5400);
  auto file = SettingsFile::parse("key: 5 parsecs", "f");
  double seconds = 1;
  file.root().read_duration("key", seconds, 1, {0.1, 3600});
  CHECK_THAT(problems(file), ContainsSubstring("key: 5 parsecs is not a duration"));
}

TEST_CASE("the nearest name is that with the fewest edits, whatever its length, but not any name") {
  const std::set<std::string, std::less<>> known{"address", "patience", "ROI", "resize_width"};
  CHECK(common::nearest("ADRES", known) == "address");
  CHECK(common::nearest("roi_", known) == "ROI");
  CHECK(common::nearest("dpeth", {"resize_width", "depth"}) == "depth");
  CHECK(common::nearest("ab", {"abcd"}) == "abcd");
  CHECK(common::nearest("ab", {"abcde"}) == std::nullopt);
  CHECK(common::nearest("abcd", {"ab"}) == "ab");
  CHECK(common::nearest("abcd", {"a"}) == std::nullopt);
  CHECK(common::nearest("zzz", known) == std::nullopt);
}

TEST_CASE("every problem is told at once, with its place and what is allowed") {
  auto file = SettingsFile::parse(
      "hub:\n"
      "  patience: soon\n"
      "  writers: 100\n"
      "  print: maybe\n"
      "  durability: best\n"
      "  pacience: 3\n"
      "  writers: 2\n",
      "hub.yaml");
  auto hub = file.root().section("hub");
  double patience = 1;
  int writers = 1;
  bool print = false;
  int durability = 0;
  hub.read("patience", patience);
  hub.read("writers", writers, {1, 64});
  hub.read("print", print);
  hub.read_choice("durability", {"synced", "written"}, durability);
  CHECK(problems(file) ==
        "hub.yaml:2:3: patience: soon is not a number\n"
        "hub.yaml:3:3: writers: 100 is not a whole number from 1 to 64\n"
        "hub.yaml:4:3: print: maybe is not True or False\n"
        "hub.yaml:5:3: durability: best is not one of synced, written\n"
        "hub.yaml:6:3: pacience is unknown; did you mean patience?\n"
        "hub.yaml:7:3: writers stands twice (first in line 3); keep one");
}

TEST_CASE("numbers are whole numbers only where they are") {
  auto file = SettingsFile::parse("a: 1.5\nb: 3.0\nc: 99999999999\nd: nan\ne: +4", "f");
  auto root = file.root();
  int a = 0;
  int b = 0;
  int c = 0;
  double d = 0;
  int e = 0;
  root.read("a", a);
  root.read("b", b);
  root.read("c", c);
  root.read("d", d);
  root.read("e", e);
  CHECK(b == 3);
  CHECK(e == 4);
  const std::string told = problems(file);
  CHECK_THAT(told, ContainsSubstring("f:1:1: a: 1.5 is not a whole number"));
  CHECK_THAT(told, ContainsSubstring("f:3:1: c: 99999999999 is not a whole number"));
  CHECK_THAT(told, ContainsSubstring("f:4:1: d: nan is not a number"));
}

TEST_CASE("a text or a list of texts") {
  auto file = SettingsFile::parse("a: tcp://*:1\nb: [x, y]\nc: [[x]]", "f");
  auto root = file.root();
  std::vector<std::string> a;
  std::vector<std::string> b;
  std::vector<std::string> c;
  root.read("a", a);
  root.read("b", b);
  root.read("c", c);
  CHECK(a == std::vector<std::string>{"tcp://*:1"});
  CHECK(b == std::vector<std::string>{"x", "y"});
  CHECK(problems(file) == "f:3:1: c must be a text or a list of texts");
}

TEST_CASE("any value can be had as JSON; what is in quotes is a text") {
  auto file = SettingsFile::parse(
      "a: {n: 4, f: -1.5e3, t: \"4\", yes: True, no: false, nothing: null, list: [1, [a b, \"\"]], id: 007}\n"
      "b: a text\nc:\n  - 1e999\n  - ~\n  - !!str 5\nd:\ne: {x: 1, x: 2}\nf: {[1]: 2}",
      "f");
  auto root = file.root();
  CHECK(root.json("a") == R"({"f":-1500.0,"id":"007","list":[1,["a b",""]],"n":4,"no":false,"nothing":null,"t":"4",)"
                          R"("yes":true})");
  CHECK(root.json("b") == "\"a text\"");
  CHECK(root.json("c") == R"(["1e999",null,"5"])");
  CHECK_FALSE(root.json("d"));
  CHECK_FALSE(root.json("e"));
  CHECK_FALSE(root.json("f"));
  CHECK_FALSE(root.json("g"));
  CHECK(problems(file) == "f:8:1: e: x stands twice\nf:9:1: f: a key must be a plain name");
}

TEST_CASE("detectors are a mapping or a list of mappings, in the order of the file") {
  const auto kinds_of = [](const std::string& text) {
    auto file = SettingsFile::parse(text, "f");
    std::string found;
    for (auto& [kind, section] : file.root().kinds("detectors", {"motion", "light"})) {
      int delta = 0;
      section.read("delta", delta);
      found += kind + std::to_string(delta) + ' ';
    }
    return found + problems(file);
  };
  CHECK(kinds_of("detectors: {motion: {delta: 1}, light: {delta: 2}}") == "motion1 light2 ");
  CHECK(kinds_of("detectors: [{motion: {delta: 1}}, {light: {}}, {motion: {delta: 3}}]") == "motion1 light0 motion3 ");
  CHECK(kinds_of("detectors: {sound: {}}") == "f:1:13: sound is unknown; known are motion, light");
  CHECK(kinds_of("detectors:") == "");
  CHECK_THAT(kinds_of("detectors: [motion]"), ContainsSubstring("detectors must hold mappings"));
  CHECK_THAT(kinds_of("detectors: {motion: {delta: 1}, motion: {delta: 2}}"), ContainsSubstring("motion stands twice"));
  CHECK_THAT(kinds_of("detectors: {motion: {dleta: 1}}"), ContainsSubstring("did you mean delta?"));
}

TEST_CASE("names that the user chooses are never unknown") {
  auto file = SettingsFile::parse("cameras:\n  P1: {view: a}\n  W2: {view: b}\nhubs: {H1: x, H2: y}", "f");
  auto root = file.root();
  std::string views;
  for (auto& [label, camera] : root.named_sections("cameras")) {
    std::string view;
    camera.read("view", view);
    views += label + '=' + view + ' ';
  }
  CHECK(views == "P1=a W2=b ");
  const auto hubs = root.named_texts("hubs");
  REQUIRE(hubs.size() == 2);
  CHECK(hubs[1] == std::pair<std::string, std::string>("H2", "y"));
  CHECK(problems(file) == "");
  CHECK(file.known_keys() == std::set<std::string>{"cameras", "cameras.*.view", "hubs"});
}

TEST_CASE("a section that is required and missing, or no mapping, is reported") {
  auto missing = SettingsFile::parse("", "f");
  missing.root().section("hub", true);
  CHECK_THAT(problems(missing), ContainsSubstring("hub: is required here"));
  auto scalar = SettingsFile::parse("hub: 5", "f");
  scalar.root().section("hub", true);
  CHECK_THAT(problems(scalar), ContainsSubstring("hub must be a mapping of settings"));
  auto list = SettingsFile::parse("- 1", "f");
  list.root();
  CHECK_THAT(problems(list), ContainsSubstring("the file must be a mapping of settings"));
}

TEST_CASE("what is not YAML, or no file, is said with its place") {
  try {
    SettingsFile::parse("a: [1, 2\nb: {", "f.yaml");
    FAIL("parsed");
  } catch (const SettingsError& error) {
    CHECK_THAT(std::string(error.what()), ContainsSubstring("f.yaml:"));
  }
  const TempFolder folder;
  CHECK_THROWS_AS(SettingsFile::load(folder.path() / "none.yaml"), SettingsError);
}

namespace {

/// What is said of a text that is no settings file at all.
std::string refusal(const std::string& text) {
  try {
    SettingsFile::parse(text, "f");
    return "";
  } catch (const SettingsError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("aliases that stand for more than memory holds are refused") {
  std::string bomb = "a0: &a0 [1, 2]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += cat("a", i, ": &a", i, " [", before, ", ", before, "]\n");
  }
  CHECK_THAT(refusal(bomb), ContainsSubstring("too large"));
}

TEST_CASE("an alias that stands for itself is refused") {
  CHECK_THAT(refusal("ROI: &a [1, *a]"), ContainsSubstring("f:1:"));
  CHECK_THAT(refusal("ROI: &a [1, *a]"), ContainsSubstring("nested deeper"));
}

TEST_CASE("aliases that people write are fine") {
  auto file = SettingsFile::parse("a: &roi [1, 2]\nb: *roi\n", "f");
  auto root = file.root();
  std::vector<double> a;
  std::vector<double> b;
  root.read_numbers("a", 2, a);
  root.read_numbers("b", 2, b);
  CHECK(a == b);
  CHECK(problems(file) == "");
}

TEST_CASE("nesting without end is refused") {
  CHECK_THAT(refusal(std::string(100, '[') + std::string(100, ']')), ContainsSubstring("nested deeper"));
  CHECK(refusal(std::string(400'000, '[')) != "");
}

TEST_CASE("a file that is far too large is refused") {
  CHECK_THAT(refusal("#" + std::string(1'000'000, 'x')), ContainsSubstring("1000001 bytes"));
}

TEST_CASE("problems are one line each, whatever the file holds") {
  auto file = SettingsFile::parse("\"a\\nb\": 1\n\"a\\nb\": 2\nhubs: {\"H\\e\": []}\nkinds: {\"k\\t\": 1}\n", "f");
  auto root = file.root();
  root.named_texts("hubs");
  root.kinds("kinds", {"motion"});
  const std::string said = problems(file);
  CHECK(std::count(said.begin(), said.end(), '\n') == 3);
  CHECK(said.find('\x1b') == std::string::npos);
  CHECK(said.find('\t') == std::string::npos);
  CHECK(refusal("\"\\\x01\"").find('\x01') == std::string::npos);
}

TEST_CASE("a list holds mappings in their order, or names in the place of them") {
  auto file = SettingsFile::parse("fields: [{name: a, unit: C}, b]\nother: {a: 1}\nthird: [[1]]", "x.yaml");
  auto root = file.root();
  std::vector<std::string> names;
  for (auto& section : root.sections("fields")) {
    section.read("name", names.emplace_back());
    std::string unit;
    section.read("unit", unit);
    names.back() += unit;
  }
  CHECK(names == std::vector<std::string>{"aC", "b"});
  CHECK(root.sections("other").empty());
  root.sections("third");
  CHECK(root.sections("none").empty());
  CHECK(file.known_keys().contains("fields.unit"));
  try {
    file.finish();
    FAIL("no problem was found");
  } catch (const SettingsError& error) {
    CHECK(std::string(error.what()) ==
          "x.yaml:2:1: other must be a list\nx.yaml:3:9: third must be a mapping of settings");
  }
}
