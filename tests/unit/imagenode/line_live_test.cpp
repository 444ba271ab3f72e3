#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

constexpr std::int64_t kPromised = 50 * common::kMillisecond;
const std::string kKeys = "type: stdin, fields: [a], ";
const std::string kHeader = "ID,Timestamp,a\r\n";

struct Bench : LineBench {
  Bench() { shows_live = true; }
};

}  // namespace

TEST_CASE("new rows are shown within 50 ms of their first byte, long before their chunk leaves") {
  Bench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 400, max_seconds: 600}");
  rows.stream_begins(1);
  rows.stream_bytes(1, "1\n");
  bench.clock.advance(10 * common::kMillisecond);
  rows.stream_bytes(1, "2\n");
  rows.tick();
  CHECK(bench.live.empty());
  CHECK(rows.due_ns() - bench.clock.monotonic < kPromised - 10 * common::kMillisecond);
  bench.clock.advance(rows.due_ns() - bench.clock.monotonic);
  rows.tick();
  REQUIRE(bench.live.size() == 1);
  CHECK(bench.live[0].csv == kHeader + "1,1795168800.000000,1\r\n2,1795168800.010000,2\r\n");
  CHECK(bench.live[0].line == "L1");
  CHECK(bench.live[0].first_id == 1);
  CHECK(bench.live[0].rows == 2);
  CHECK(bench.chunks.empty());

  bench.clock.advance(common::kSecond);
  rows.stream_bytes(1, "3\n");
  bench.clock.advance(LineRows::kLiveDelay);
  rows.tick();
  REQUIRE(bench.live.size() == 2);
  CHECK(bench.live[1].csv == kHeader + "3,1795168801.030000,3\r\n");
  CHECK(bench.live[1].first_id == 3);
  CHECK(bench.live[1].first.monotonic_ns == bench.clock.monotonic - LineRows::kLiveDelay);
  rows.tick();
  CHECK(bench.live.size() == 2);
  rows.flush();
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].rows == 3);
  CHECK(bench.live.size() == 2);
}

TEST_CASE("a row that takes long to come is shown as soon as it is whole") {
  Bench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_bytes(1, "4");
  bench.clock.advance(kPromised);
  rows.stream_bytes(1, "2\n");
  CHECK(rows.due_ns() <= bench.clock.monotonic);
  rows.tick();
  REQUIRE(bench.live.size() == 1);
  CHECK(bench.live[0].csv == kHeader + "1,1795168800.000000,42\r\n");
}

TEST_CASE("rows that a chunk carries in time do not travel twice") {
  Bench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 2}");
  rows.stream_begins(1);
  for (int i = 0; i < 4; ++i) rows.stream_bytes(1, "1\n");
  bench.clock.advance(kPromised);
  rows.tick();
  CHECK(bench.chunks.size() == 2);
  CHECK(bench.live.empty());
}

TEST_CASE("the rest of a chunk is shown beside it, when its first rows were shown before") {
  Bench bench;
  LineRows rows = bench.rows(kKeys + "chunk: {rows: 3}");
  rows.stream_begins(1);
  rows.stream_bytes(1, "1\n");
  bench.clock.advance(LineRows::kLiveDelay);
  rows.tick();
  rows.stream_bytes(1, "2\n3\n4\n");
  REQUIRE(bench.chunks.size() == 1);
  REQUIRE(bench.live.size() == 2);
  CHECK(bench.live[1].csv == kHeader + "2,1795168800.030000,2\r\n3,1795168800.030000,3\r\n");
  bench.clock.advance(LineRows::kLiveDelay);
  rows.tick();
  REQUIRE(bench.live.size() == 3);
  CHECK(bench.live[2].csv == kHeader + "4,1795168800.030000,4\r\n");
}

TEST_CASE("where nobody shows rows, only chunks are waited for") {
  LineBench bench;
  LineRows rows = bench.rows(kKeys);
  rows.stream_begins(1);
  rows.stream_bytes(1, "1\n");
  CHECK(rows.due_ns() == bench.clock.monotonic + 2 * common::kSecond);
}
