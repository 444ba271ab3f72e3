#include "imagehub/live/live_rows.hpp"

#include "catch.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"

using namespace imagehub;
using Texts = std::vector<std::string>;

namespace {

const LiveRows::Key kArduino{"Lab", "", "arduino"};

/// Rows `first` to `last` of one column.
common::Message rows(std::uint64_t first, std::uint64_t last, const std::string& header = "ID,Timestamp,a",
                     const LiveRows::Key& key = kArduino) {
  common::Message message;
  message.text = key.node + "|data|" + key.source;
  message.node = key.node;
  message.view = key.view;
  message.source = key.source;
  message.boot = 1;
  message.live = true;
  message.content = "text/csv";
  std::string csv = header + "\r\n";
  for (std::uint64_t id = first; id <= last; ++id) csv += common::cat(id, ",1795168800.5,", id, "\r\n");
  message.payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
  return message;
}

common::Message text(const std::string& csv) {
  common::Message message = rows(1, 0);
  message.payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
  return message;
}

Texts lines(std::uint64_t first, std::uint64_t last) {
  Texts lines;
  for (std::uint64_t id = first; id <= last; ++id) lines.push_back(common::cat(id, ",1795168800.5,", id));
  return lines;
}

}  // namespace

TEST_CASE("who looks on gets each row once, in order, from live messages and from chunks") {
  FakeClock clock;
  LiveRows live(clock);
  CHECK_FALSE(live.since(kArduino, 0));
  live.add(rows(1, 3));
  auto news = live.since(kArduino, 0);
  REQUIRE(news);
  CHECK(news->header == "ID,Timestamp,a");
  CHECK(news->rows == lines(1, 3));
  CHECK(news->skipped == 0);
  live.add(rows(4, 5));
  live.add(rows(1, 7));  // their chunk, with two more
  live.add(rows(6, 8));
  news = live.since(kArduino, news->position);
  REQUIRE(news);
  CHECK(news->rows == lines(4, 8));
  news = live.since(kArduino, news->position);
  REQUIRE(news);
  CHECK(news->rows.empty());
  CHECK(news->position == 8);
}

TEST_CASE("a chunk that brings nothing new by its sender's word is not read") {
  FakeClock clock;
  LiveRows live(clock);
  live.add(rows(1, 3));
  common::Message chunk = rows(1, 5);
  chunk.fields = {{"first_id", 1}, {"rows", 3}};
  live.add(chunk);
  CHECK(live.since(kArduino, 0)->rows == lines(1, 3));
  chunk.boot = 2;
  live.add(chunk);
  CHECK(live.since(kArduino, 3)->rows == lines(1, 5));
}

TEST_CASE("series of a name are told apart by node, view and source") {
  FakeClock clock;
  LiveRows live(clock);
  for (const LiveRows::Key& key : {LiveRows::Key{"A", "", "s"}, {"B", "", "s"}, {"A", "v", "s"}, {"A", "", "t"}}) {
    live.add(rows(1, 1, "ID,Timestamp,a", key));
  }
  CHECK(live.all().size() == 4);
}

TEST_CASE("a start of the node begins its IDs anew") {
  FakeClock clock;
  LiveRows live(clock);
  live.add(rows(1, 3));
  common::Message again = rows(1, 2);
  again.boot = 2;
  live.add(again);
  const auto news = live.since(kArduino, 3);
  REQUIRE(news);
  CHECK(news->rows == lines(1, 2));
}

TEST_CASE("other columns begin a series anew, and who had not seen all is told") {
  FakeClock clock;
  LiveRows live(clock);
  live.add(rows(1, 3));
  live.add(rows(4, 4, "ID,Timestamp,b"));
  const auto news = live.since(kArduino, 1);
  REQUIRE(news);
  CHECK(news->header == "ID,Timestamp,b");
  CHECK(news->rows == lines(4, 4));
  CHECK(news->skipped == 2);
}

TEST_CASE("who is slow misses the oldest rows and is told how many") {
  FakeClock clock;
  LiveRows live(clock, {.rows = 10});
  live.add(rows(1, 25));
  const auto news = live.since(kArduino, 5);
  REQUIRE(news);
  CHECK(news->rows == lines(16, 25));
  CHECK(news->skipped == 10);
  CHECK(news->position == 25);
  CHECK(live.last(kArduino, 3)->rows == lines(23, 25));
  CHECK(live.last(kArduino, 3)->position == 25);
  CHECK(live.last(kArduino, 100)->rows == lines(16, 25));
}

TEST_CASE("a position of another run of the hub gets all that is held") {
  FakeClock clock;
  LiveRows live(clock);
  live.add(rows(1, 3));
  const auto news = live.since(kArduino, 4711);
  REQUIRE(news);
  CHECK(news->rows == lines(1, 3));
  CHECK(news->skipped == 0);
}

TEST_CASE("the list tells the newest row of each series and how old it is") {
  FakeClock clock;
  LiveRows live(clock);
  live.add(rows(1, 3));
  clock.advance(1'500 * common::kMillisecond);
  const auto all = live.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].key == kArduino);
  CHECK(all[0].newest == lines(3, 3)[0]);
  CHECK(all[0].rows == 3);
  CHECK(all[0].age_s == 1.5);
  CHECK_FALSE(all[0].demo);
  common::Message demo = rows(4, 4);
  demo.demo = true;
  live.add(demo);
  CHECK(live.all()[0].demo);
}

TEST_CASE("what is held of a series is bounded in rows and bytes") {
  FakeClock clock;
  LiveRows live(clock, {.rows = 1000, .bytes = 5000});
  live.add(rows(1, 1000));
  const auto held = live.since(kArduino, 0)->rows;
  std::size_t bytes = 0;
  for (const auto& row : held) bytes += row.size();
  CHECK(bytes < 5000);
  CHECK(held.back() == lines(1000, 1000)[0]);
  // The newest row is there, however long it is.
  live.add(text("ID,Timestamp,a\n1001,1," + std::string(20'000, 'x') + "\n"));
  CHECK(live.since(kArduino, 0)->rows.size() == 1);
}

TEST_CASE("who invents names has those forgotten that were silent for longest") {
  FakeClock clock;
  LiveRows live(clock, {.series = 5});
  const auto key = [](int number) { return LiveRows::Key{"Lab", "", std::to_string(number)}; };
  for (int i = 0; i < 5; ++i) {
    live.add(rows(1, 1, "ID,Timestamp,a", key(i)));
    clock.advance(1);
  }
  live.add(rows(2, 2, "ID,Timestamp,a", key(0)));
  clock.advance(1);
  live.add(rows(1, 1, "ID,Timestamp,a", key(9)));
  CHECK(live.all().size() == 5);
  CHECK(live.since(key(0), 0));
  CHECK_FALSE(live.since(key(1), 0));
  CHECK(live.since(key(9), 0));
}

TEST_CASE("all series together are bounded in bytes, long names and headers included") {
  FakeClock clock;
  LiveRows live(clock, {.all_bytes = 100'000});
  for (int i = 0; i < 100; ++i) {
    const LiveRows::Key key{"Lab", "", std::to_string(i) + std::string(2000, 'n')};
    live.add(rows(1, 1, "ID,Timestamp," + std::string(6000, 'h'), key));
    clock.advance(1);
  }
  CHECK(live.all().size() >= 5);
  CHECK(live.all().size() <= 10);
}

TEST_CASE("what is no rows is passed over") {
  FakeClock clock;
  LiveRows live(clock);
  for (const char* csv : {"", "nonsense", "ID,Timestamp,a\n", "ID,Timestamp,a\n1,1\n", "ID,Timestamp,a\n1,1,\"x\n",
                          "ID,Timestamp,a\nx,1,2\n", "ID,Timestamp,a\n1,1,\xff\n"}) {
    live.add(text(csv));
  }
  common::Message other = rows(1, 1);
  other.content = "image/png";
  live.add(other);
  live.add(rows(1, 90'000));  // more than is looked at
  CHECK(live.all().empty());
}
