#include <cmath>

#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

using Cells = std::vector<std::string>;

/// What a format makes of rows.
struct Reader {
  explicit Reader(const std::string& keys) : format(LineBench::settings("type: stdin, " + keys).format.make()) {}

  /// The cells, or the reason in the place of them.
  Cells operator()(std::string_view frame) {
    const Parsed parsed = format->parse(frame, row);
    return parsed.what == Parsed::What::row ? row.cells : Cells{"bad", parsed.reason};
  }
  Parsed::What kind(std::string_view frame) { return format->parse(frame, row).what; }
  bool refuses(std::string_view frame, const std::string& reason) {
    const Cells cells = (*this)(frame);
    INFO(cells.back());
    CHECK(cells.front() == "bad");
    return cells.back().find(reason) != std::string::npos;
  }

  std::unique_ptr<LineFormat> format;
  Row row;
};

const std::string kFields = "fields: [{name: t, unit: C}, {name: n, type: integer}, {name: s, type: text}]";

}  // namespace

TEST_CASE("csv: values by their place, as the device wrote them") {
  Reader read(kFields);
  CHECK(read("21.50,7,open") == Cells{"21.50", "7", "open"});
  CHECK(read.row.numbers[0] == 21.5);
  CHECK(read.row.numbers[1] == 7);
  CHECK(std::isnan(read.row.numbers[2]));
  CHECK(read(" -3e2 , +7,\"a,\"\"b\"\"\"") == Cells{"-3e2", "+7", "a,\"b\""});
  CHECK(read("1,2,") == Cells{"1", "2", ""});
}

TEST_CASE("csv: a header has the names of the fields, in any case and with units") {
  const auto kind = [](const std::string& keys, std::string_view frame) { return Reader(keys).kind(frame); };
  for (const char* header : {"t,n,s", "T,N,S", " t , n , s ", "t (C),n,s", "T(C),N (1),s", "\"t (K)\",n,s"}) {
    INFO(header);
    CHECK(kind(kFields, header) == Parsed::What::header);
  }
  for (const char* other : {"t,n,s,x", "t,n", "s,n,t", "temp,n,s", "t C,n,s", "t (C,n,s", "t,7,s"}) {
    INFO(other);
    CHECK(kind(kFields, other) == Parsed::What::bad);
  }
  const std::string ignoring = kFields + ", extra_fields: ignore";
  CHECK(kind(ignoring, "T (C),n,s,x,y") == Parsed::What::header);
  CHECK(kind(ignoring, "t,n") == Parsed::What::bad);
  CHECK(kind(ignoring, "x,t,n,s") == Parsed::What::bad);
}

TEST_CASE("csv: what can be a row is no header, unless it has exactly the names of the fields") {
  const std::string texts = "fields: [{name: door, type: text}, {name: window, type: text}], extra_fields: ignore";
  Reader read(texts);
  CHECK(read.kind("door,window") == Parsed::What::header);
  CHECK(read.kind("door,window,gate") == Parsed::What::header);
  CHECK(read.kind("door,open") == Parsed::What::row);
  CHECK(read("Door,Window") == Cells{"Door", "Window"});
  CHECK(read("door (front),window") == Cells{"door (front)", "window"});
  CHECK(Reader("fields: [1E5, b]")("1e5,2") == Cells{"1e5", "2"});
}

TEST_CASE("csv: what is no row is refused with a reason") {
  Reader read(kFields);
  CHECK(read.refuses("1,2", "2 fields in the place of 3"));
  CHECK(read.refuses("1,2,3,4", "4 fields in the place of 3"));
  CHECK(read.refuses(",2,3", "t: \"\" is not a number"));
  CHECK(read.refuses("nan,2,3", "t: \"nan\" is not a number"));
  CHECK(read.refuses("inf,2,3", "not a number"));
  CHECK(read.refuses("1e999,2,3", "not a number"));
  CHECK(read.refuses("0x10,2,3", "not a number"));
  CHECK(read.refuses("1,2.5,3", "n: \"2.5\" is not a whole number"));
  CHECK(read.refuses("1,2,\xff", "s: \"\\xff\" is not text in UTF-8"));
  CHECK(read.refuses(std::string("1,2,a\0b", 7), "s: \"a\\x00b\" is not text in UTF-8 without zero bytes"));
  CHECK(read.refuses("1,2,\"x", "a quote is not closed"));
}

TEST_CASE("csv: other delimiters, and values behind the last field") {
  CHECK(Reader(kFields + ", delimiter: ;")("1;2;a,b") == Cells{"1", "2", "a,b"});
  CHECK(Reader(kFields + ", delimiter: tab")("1\t2\ta b") == Cells{"1", "2", "a b"});
  CHECK(Reader(kFields + ", delimiter: space")("  1   2 a ") == Cells{"1", "2", "a"});
  CHECK(Reader(kFields + ", extra_fields: ignore")("1,2,3,4,5") == Cells{"1", "2", "3"});
  CHECK(Reader(kFields + ", extra_fields: ignore").refuses("1,2", "2 fields in the place of 3"));
}

TEST_CASE("json: values by key") {
  Reader read("format: json, fields: [{name: t, unit: C}, {name: door.state, type: text}]");
  CHECK(read(R"({"door": {"state": "open"}, "t": 21.5, "x": [1]})") == Cells{"21.5", "open"});
  CHECK(read.row.numbers[0] == 21.5);
  CHECK(read(R"({"door.state": {"a": 1}, "t": "-2"})") == Cells{"-2", R"({"a":1})"});
  CHECK(read(R"({"door": {"state": true}, "t": true})") == Cells{"1", "true"});
  CHECK(read.refuses(R"({"door": {"state": 1}})", "t is missing"));
  CHECK(read.refuses(R"({"door": {"state": 1}, "t": null})", "t is missing"));
  CHECK(read.refuses(R"({"door": 1, "t": 1})", "door.state is missing"));
  CHECK(read.refuses(R"({"door": {"state": 1}, "t": [1]})", "is not a number"));
  CHECK(read.refuses("[1]", "not a JSON object"));
  CHECK(read.refuses("{", "not a JSON object"));
  CHECK(read.refuses("{\"t\": " + std::string(10'000, '[') + std::string(10'000, ']') + "}", "not a JSON object"));
  Reader strict("format: json, extra_fields: refuse, fields: [t]");
  CHECK(strict(R"({"t": 1})") == Cells{"1"});
  CHECK(strict.refuses(R"({"t": 1, "x": 1})", "x is not among the fields"));
}

TEST_CASE("keyvalue: pairs in any order") {
  Reader read("format: keyvalue, fields: [t, {name: s, type: text}]");
  CHECK(read("t=21.5 s=open") == Cells{"21.5", "open"});
  CHECK(read(" s: open, x: 1; t = 21.5 ") == Cells{"21.5", "open"});
  CHECK(read("s=\"a, b\" t=1") == Cells{"1", "a, b"});
  CHECK(read.refuses("t=1", "s is missing"));
  CHECK(read.refuses("t=1 t=2 s=a", "t stands twice"));
  CHECK(read.refuses("t=x s=a", "t: \"x\" is not a number"));
  CHECK(read.refuses("hello", "not pairs"));
  CHECK(read.refuses("=1", "not pairs"));
  CHECK(read.refuses("s=\"a", "not pairs"));
  Reader strict("format: keyvalue, extra_fields: refuse, fields: [t]");
  CHECK(strict.refuses("t=1 x=2", "x is not among the fields"));
}

TEST_CASE("regex: named groups") {
  Reader read("format: regex, fields: [t, {name: s, type: text}], pattern: 'T=(?<t>[-0-9.]+)C(?: (?<s>\\w+))?'");
  CHECK(read("## T=-2.5C open ##") == Cells{"-2.5", "open"});
  CHECK(read.refuses("T=-2.5C", "s is missing"));
  CHECK(read.refuses("T=C open", "does not match"));
  CHECK(read.refuses("T=1.2.3C open", "t: \"1.2.3\" is not a number"));
  CHECK(read.refuses("\xff\xfe", "does not match"));
}

TEST_CASE("regex: a row for which the expression needs time without end is refused") {
  Reader read("format: regex, fields: [t], pattern: '^(?<t>(1+)+)$'");
  CHECK(read.refuses(std::string(60, '1') + "x", "needs too long"));
}

TEST_CASE("raw: rows as they came") {
  Reader read("format: raw");
  CHECK(read("a, \"b\"\t\\ \xff") == Cells{"a, \"b\"\\t\\\\ \\xff"});
  CHECK(read.format->fields().front().name == "text");
}

TEST_CASE("what formats cannot do without is asked for") {
  const auto wrong = [](const std::string& keys) { return LineBench::problems("type: stdin, " + keys); };
  CHECK_THAT(wrong("format: xml"),
             ContainsSubstring("xml is unknown; known are csv, json, keyvalue, raw, regex, struct"));
  CHECK_THAT(wrong("format: csv"), ContainsSubstring("1 to 256 fields are needed"));
  CHECK_THAT(wrong("fields: [a, a]"), ContainsSubstring("a is the name of another field too"));
  CHECK_THAT(wrong("fields: [{unit: C}]"), ContainsSubstring("a field needs a name"));
  CHECK_THAT(wrong("fields: [{name: a, type: float}]"), ContainsSubstring("is not one of number, integer, text"));
  CHECK_THAT(wrong("fields: [a], delimiter: ab"), ContainsSubstring("must be one character"));
  CHECK_THAT(wrong("format: regex, fields: [a]"), ContainsSubstring("an expression is needed"));
  CHECK_THAT(wrong("format: regex, fields: [a], pattern: '('"), ContainsSubstring("at character 1"));
  CHECK_THAT(wrong("format: regex, fields: [a], pattern: '(?<b>.)'"), ContainsSubstring("has no group (?<a>...)"));
  CHECK_THAT(wrong("fields: [a], framing: words"), ContainsSubstring("known are fixed, length, lines"));
  CHECK_THAT(wrong("fields: [a], chunk: {rows: 0}"), ContainsSubstring("rows: 0 is not"));
}
