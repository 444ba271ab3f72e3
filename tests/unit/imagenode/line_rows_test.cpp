#include <cmath>
#include <variant>

#include "catch.hpp"
#include "common/rows.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

const std::string kKeys = "type: stdin, fields: [{name: temperature, unit: C}, {name: count, type: integer}], ";

}  // namespace

TEST_CASE("rows leave in chunks with a header, an ID and the time of each") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 2}");
  rows.stream_begins(1);
  rows.stream_bytes(1, "21.50,1\r\n");
  bench.clock.advance(1'500 * common::kMillisecond);
  rows.stream_bytes(1, "21.75,2\n-3e2,3\n");
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].csv ==
        "ID,Timestamp,temperature (C),count\r\n"
        "1,1795168800.000000,21.50,1\r\n"
        "2,1795168801.500000,21.75,2\r\n");
  CHECK(bench.chunks[0].first_id == 1);
  CHECK(bench.chunks[0].rows == 2);
  CHECK(bench.chunks[0].line == "L1");
  rows.flush();
  REQUIRE(bench.chunks.size() == 2);
  CHECK(bench.chunks[1].csv == "ID,Timestamp,temperature (C),count\r\n3,1795168801.500000,-3e2,3\r\n");
  CHECK(bench.chunks[1].first.utc_ns == bench.clock.utc);
  rows.flush();
  CHECK(bench.chunks.size() == 2);
}

TEST_CASE("a row has the time of its first byte") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 1}");
  rows.stream_begins(1);
  rows.stream_bytes(1, "\n2");
  bench.clock.advance(common::kSecond);
  rows.stream_bytes(1, "1.5,");
  bench.clock.advance(common::kSecond);
  rows.stream_bytes(1, "1\n3,2\n");
  REQUIRE(bench.chunks.size() == 2);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring("1,1795168800.000000,21.5,1\r\n"));
  CHECK_THAT(bench.chunks[1].csv, ContainsSubstring("2,1795168802.000000,3,2\r\n"));
}

TEST_CASE("a chunk leaves when it is old enough, though it is not full") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 400, max_seconds: 2}");
  rows.stream_begins(1);
  rows.tick();
  CHECK(rows.due_ns() == std::numeric_limits<std::int64_t>::max());
  rows.stream_bytes(1, "1,1\n");
  CHECK(rows.due_ns() == bench.clock.monotonic + 2 * common::kSecond);
  bench.clock.advance(2 * common::kSecond - 1);
  rows.stream_bytes(1, "2,2\n");
  rows.tick();
  CHECK(bench.chunks.empty());
  bench.clock.advance(1);
  rows.tick();
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].rows == 2);
}

TEST_CASE("a chunk of long rows leaves before it takes much memory") {
  LineBench bench;
  LineRows rows = bench.rows("type: stdin, fields: [{name: t, type: text}], max_length: 500000, chunk: {rows: 400}");
  rows.stream_begins(1);
  for (int i = 0; i < 17; ++i) rows.stream_bytes(1, std::string(60'000, 'x') + '\n');
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].rows == 17);
}

TEST_CASE("a row that is longer than a hub takes is refused alone, not with its whole chunk") {
  LineBench bench;
  LineRows rows = bench.rows("type: stdin, fields: [{name: t, type: text}], max_length: 500000, chunk: {rows: 3}");
  rows.stream_begins(1);
  const std::string longest(common::RowLimits::kRowBytes - std::string("2,1795168800.000000,").size(), 'x');
  rows.stream_bytes(1, "a\n" + longest + "\n" + longest + "x\nb\n");
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].rows == 3);
  CHECK(rows.counts().rows == 3);
  CHECK(rows.counts().rejected == 1);
  CHECK(bench.chunks[0].csv.ends_with("x\r\n3,1795168800.000000,b\r\n"));
  const auto chunk = common::parse_rows(bench.chunks[0].csv);
  REQUIRE(std::holds_alternative<common::RowChunk>(chunk));
  CHECK(std::get<common::RowChunk>(chunk).rows.size() == 3);
}

TEST_CASE("rows of several streams are cut apart, and counted together") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_begins(2);
  rows.stream_bytes(1, "1");
  rows.stream_bytes(2, "2,");
  rows.stream_bytes(1, ",1\n");
  rows.stream_bytes(2, "2\n");
  rows.flush();
  REQUIRE(bench.chunks.size() == 1);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring("1,1795168800.000000,1,1\r\n2,1795168800.000000,2,2\r\n"));
}

TEST_CASE("what is not whole when its stream ends is discarded and counted") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_bytes(1, "1,1\n21.5");
  rows.stream_ends(1);
  rows.stream_begins(2);
  rows.stream_bytes(2, "2,2\n");
  rows.stream_ends(2);
  CHECK(rows.counts().cut == 1);
  CHECK(rows.counts().rows == 2);
  CHECK(rows.counts().rejected == 0);
  rows.flush();
  CHECK_THAT(bench.chunks.at(0).csv, ContainsSubstring(",1,1\r\n") && ContainsSubstring(",2,2\r\n"));
}

TEST_CASE("rows that make no sense are counted and take no ID") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_bytes(1, "1,1\nnan,2\n1\n1,2,3\n1,1.5\n\"1,2\n2,2\n");
  rows.flush();
  CHECK(rows.counts().rejected == 5);
  CHECK(rows.counts().rows == 2);
  CHECK_THAT(bench.chunks.at(0).csv, ContainsSubstring("2,1795168800.000000,2,2\r\n"));
}

TEST_CASE("the first row of each stream can be passed over, as a header or because it may not be whole") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys + "skip_first: True");
  for (int stream = 1; stream <= 2; ++stream) {
    rows.stream_begins(stream);
    rows.stream_bytes(stream, "temp;n\n1,1\n");
  }
  CHECK(rows.counts().rows == 2);
  CHECK(rows.counts().rejected == 0);
}

TEST_CASE("a header in the middle of a stream is no bad row") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_bytes(1, "temperature, count\n1,1\ntemperature,count\n");
  CHECK(rows.counts().rows == 1);
  CHECK(rows.counts().rejected == 0);
}

TEST_CASE("the numbers of each row reach those who judge them") {
  LineBench bench;
  LineRows rows = bench.rows("type: stdin, fields: [{name: t, unit: C}, {name: state, type: text}]");
  rows.stream_begins(1);
  rows.stream_bytes(1, "21.5,open\n22,shut\n");
  REQUIRE(bench.readings.size() == 2);
  CHECK(bench.readings[0].source == "L1");
  CHECK(bench.readings[0].fields == std::map<std::string, double>{{"t", 21.5}});
  CHECK(bench.readings[0].units == std::map<std::string, std::string>{{"t", "C"}});
  CHECK(bench.readings[0].time_ns == bench.clock.utc);
  CHECK(bench.readings[1].fields.at("t") == 22);
}

TEST_CASE("cells are written as RFC 4180 has it") {
  LineBench bench;
  LineRows rows = bench.rows("type: stdin, fields: [{name: 'a,b', type: text}, {name: c, type: text}]");
  rows.stream_begins(1);
  rows.stream_bytes(1, "\"x,\"\"y\"\"\", z \n");
  rows.flush();
  CHECK(bench.chunks.at(0).csv == "ID,Timestamp,\"a,b\",c\r\n1,1795168800.000000,\"x,\"\"y\"\"\", z \r\n");
}
