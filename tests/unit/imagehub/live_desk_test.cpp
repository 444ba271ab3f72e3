#include "imagehub/live_desk.hpp"

#include "catch.hpp"
#include "fake_clock.hpp"

using namespace imagehub;

namespace {

common::Message rows(const std::string& node, const std::string& csv) {
  common::Message message;
  message.text = node + "|data|arduino";
  message.node = node;
  message.source = "arduino";
  message.boot = 1;
  message.content = "text/csv";
  message.payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
  return message;
}

struct Fixture {
  FakeClock clock;
  Live live{clock};

  Fixture() {
    live.take(rows("Lab", "ID,Timestamp,a (V)\n1,1,\"x\ny\"\n2,2,\"\"\"z\"\n"), common::Kind::data);
    common::Message event = rows("Ba\nrn", "");
    event.text = "Ba\nrn|motion|moving";
    event.demo = true;
    live.take(event, common::Kind::event);
    clock.advance(700 * common::kSecond);
  }
  std::string asked(const std::string& question) const { return answer_live(live, question); }
};

}  // namespace

TEST_CASE("the list of what is live reads as a table, and no name breaks a line") {
  const Fixture hub;
  CHECK(is_live_question(live_question()));
  const std::string text = format_live(hub.asked(live_question()), "");
  CHECK_THAT(text, ContainsSubstring("Lab                               arduino          stored  11 min    2"));
  CHECK_THAT(text, ContainsSubstring("ID,Timestamp,a (V)\n    2,2,\"\"\"z\"\n"));
  CHECK_THAT(text,
             ContainsSubstring("Ba\\nrn                            demo    -         11 min    Ba\\nrn|motion|moving"));
  CHECK_THAT(format_live(hub.asked(live_question()), "Lab"), !ContainsSubstring("motion"));
  CHECK(format_live(hub.asked(live_question()), "Shed").empty());
}

TEST_CASE("rows of a series come as they stand in the CSV") {
  const Fixture hub;
  const auto series = series_of(hub.asked(live_question()), "Lab", "arduino");
  REQUIRE(series.size() == 1);
  CHECK(is_live_question(live_question(series[0], 1, 0)));
  auto news = read_live_news(hub.asked(live_question(series[0], std::nullopt, 10)));
  REQUIRE(news);
  CHECK(news->header == "ID,Timestamp,a (V)");
  CHECK(news->rows == std::vector<std::string>{"1,1,\"x\ny\"", "2,2,\"\"\"z\""});
  CHECK(news->position == 2);
  CHECK(news->skipped == 0);
  news = read_live_news(hub.asked(live_question(series[0], 1, 0)));
  REQUIRE(news);
  CHECK(news->rows == std::vector<std::string>{"2,2,\"\"\"z\""});
  CHECK_FALSE(read_live_news(hub.asked(live_question({"Lab", "", "other"}, 0, 0))));
  CHECK_THROWS_WITH(read_live_news(R"({"error":"disk\n"})"), "disk\\n");
}

TEST_CASE("a question that makes no sense is an error and no crash") {
  const Fixture hub;
  for (const char* question : {"live ", "live x", "live []", R"(live {"node":"Lab"})", R"(live {"node":1,"source":2})",
                               R"(live {"node":"Lab","source":"arduino","position":"x"})"}) {
    INFO(question);
    CHECK_THROWS(hub.asked(question));
  }
  CHECK_FALSE(is_live_question("lively"));
}
