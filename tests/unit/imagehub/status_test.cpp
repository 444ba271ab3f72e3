#include "imagehub/status.hpp"

#include "catch.hpp"

namespace {

std::string status(const std::string& drops, const std::string& nodes, const std::string& holding_back = "false") {
  return R"({"version":"1.0.0","hub_id":"ab","pid":17,"uptime_s":7300,"time_ns":0,"data_directory":"/srv/d",
    "addresses":["tcp://0.0.0.0:5555","ipc:///x"],"received":12,"answered":11,"messages_per_s":1.25,"connections":3,
    "in_flight_messages":2,"in_flight_bytes":1500,"holding_back":)" +
         holding_back + R"(,"queue_bytes":1,"drops":)" + drops +
         R"(,"disk":{"total_bytes":2000000000,"free_bytes":999,"full":false,"days_left":null,"bytes_per_day":0,"reserve_bytes":64000000,
        "reserve_left_bytes":8000000},"retention":{"state":"off","deleted_images":{},"deleted_batches":{},"deleted_bytes":0,
        "undeletable_files":0},"nodes":)" +
         nodes + "}";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("status tells what a person asks") {
  const std::string text = imagehub::format_status(status("{}", "[]"));
  CHECK_THAT(text, ContainsSubstring("process 17, up 2 h, listens on tcp://0.0.0.0:5555 ipc:///x\n"));
  CHECK_THAT(text, ContainsSubstring("data      /srv/d\n"));
  CHECK_THAT(text, ContainsSubstring("disk      999 B free of 2.0 GB\n"));
  CHECK_THAT(text, ContainsSubstring("received  12 messages, 1.2/s, 3 connections\n"));
  CHECK_THAT(text, ContainsSubstring("queue     2 messages, 1.5 KB\n"));
  CHECK_THAT(text, ContainsSubstring("drops     none\n"));
  CHECK_THAT(text, ContainsSubstring("(no node has sent anything yet)"));
}

TEST_CASE("status tells what is refused and lost, and no name breaks a line") {
  const std::string text = imagehub::format_status(
      status(R"({"refused: no msg":3,"refused: wrong crc":1})",
             R"([{"node":"Ba\nrn","lost":true,"first_seen_ns":0,"last_seen_ns":0,"version":"imagenode/1","host":"pi",
                 "heartbeat_s":0,"images":5,"events":6,"bytes":7,"messages_per_s":0.5,"missing":3,"dropped":41,
                 "set_aside":2}])",
             "true"));
  CHECK_THAT(text, ContainsSubstring("drops     3 refused: no msg\n          1 refused: wrong crc\n"));
  CHECK_THAT(text, ContainsSubstring("full: senders wait"));
  CHECK_THAT(text, ContainsSubstring("Ba\\nrn"));
  CHECK_THAT(text, ContainsSubstring("LOST"));
  CHECK_THAT(text, ContainsSubstring(" 41       2      3 "));
}

TEST_CASE("status tells of a full disk and of what was deleted, and is silent about what is not so") {
  const std::string usual = imagehub::format_status(status("{}", "[]"));
  CHECK(usual.find("retention") == std::string::npos);
  std::string json = replaced(status("{}", "[]"), R"("full":false)", R"("full":true)");
  json = replaced(
      json, R"("state":"off","deleted_images":{},"deleted_batches":{},"deleted_bytes":0)",
      R"("state":"on","deleted_images":{"keep_days":5,"max_gb":1},"deleted_batches":{"keep_days":2},"deleted_bytes":1500)");
  const std::string text = imagehub::format_status(json);
  CHECK_THAT(text, ContainsSubstring("free of 2.0 GB, full: images wait; reserve for events 8.0 MB of 64.0 MB\n"));
  CHECK_THAT(
      text, ContainsSubstring("retention on; deleted 1.5 KB, 5 images for keep_days, 1 images for max_gb, 2 batches of "
                              "rows for keep_days\n"));
}

TEST_CASE("status tells of rows and batches where there are some") {
  const auto with_data = [](const std::string& data) {
    return imagehub::format_status(
        replaced(status("{}", "[]"), R"("queue_bytes":1)", R"("queue_bytes":1,"data":)" + data));
  };
  CHECK(with_data(R"({"rows":0,"open_batches":0,"complete_batches":0,"partial_batches":0,"lost_batches":0})")
            .find("rows ") == std::string::npos);
  CHECK_THAT(with_data(R"({"rows":4000,"open_batches":3,"complete_batches":2,"partial_batches":1,"lost_batches":0})"),
             ContainsSubstring("rows      4000 filed; batches: 2 complete, 1 partial, 3 open\n"));
  CHECK_THAT(with_data(R"({"rows":0,"open_batches":1,"complete_batches":0,"partial_batches":0,"lost_batches":1})"),
             ContainsSubstring("1 open, 1 LOST\n"));
}

TEST_CASE("status tells of what is live and of demos where there are some") {
  const auto with_live = [](const std::string& live) {
    return imagehub::format_status(
        replaced(status("{}", "[]"), R"("queue_bytes":1)", R"("queue_bytes":1,"live":)" + live));
  };
  CHECK(with_live(R"({"series":0,"live_messages":0,"demo_messages":0})").find("live ") == std::string::npos);
  CHECK_THAT(with_live(R"({"series":2,"live_messages":100,"demo_messages":0})"),
             ContainsSubstring("live      2 series of rows; `imagehub live` shows them\n"));
  CHECK_THAT(with_live(R"({"series":0,"live_messages":0,"demo_messages":7})"),
             ContainsSubstring("; 7 messages of demos, not stored\n"));
}

TEST_CASE("status tells how many days are left") {
  const auto line = [](const std::string& days) {
    return imagehub::format_status(replaced(status("{}", "[]"), R"("days_left":null,"bytes_per_day":0)",
                                            R"("bytes_per_day":2500000000,"days_left":)" + days));
  };
  CHECK_THAT(line("12.7"), ContainsSubstring("free of 2.0 GB, 12 days left at 2.5 GB a day\n"));
  CHECK_THAT(line("0.54"), ContainsSubstring(", 0.5 days left at"));
  CHECK_THAT(line("1e12"), ContainsSubstring(", over 3650 days left at"));
}
