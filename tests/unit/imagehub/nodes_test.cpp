#include "imagehub/live/nodes.hpp"

#include <limits>

#include "catch.hpp"
#include "fake_clock.hpp"

using namespace imagehub;
using common::kSecond;
using Texts = std::vector<std::string>;

namespace {

common::Message from(const std::string& node, std::optional<double> heartbeat_s = std::nullopt) {
  common::Message message;
  message.node = node;
  message.text = node + "|Heartbeat";
  if (heartbeat_s) message.fields["heartbeat_s"] = *heartbeat_s;
  return message;
}

}  // namespace

TEST_CASE("a node is lost after three times the heartbeat interval that it announced, told once, and back") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(from("Barn", 10));
  CHECK(nodes.changes().empty());
  clock.advance(30 * kSecond);
  CHECK(nodes.changes().empty());
  clock.advance(1);
  CHECK(nodes.changes() == Texts{"Barn|hub|lost"});
  CHECK(nodes.changes().empty());
  CHECK(nodes.status().at(0).row.lost);
  nodes.seen(from("Barn"));
  CHECK(nodes.changes() == Texts{"Barn|hub|back"});
  CHECK(nodes.changes().empty());
  CHECK_FALSE(nodes.status().at(0).row.lost);
}

TEST_CASE("a node without a heartbeat has the hub's patience") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(from("Barn"));
  clock.advance(600 * kSecond);
  CHECK(nodes.changes().empty());
  clock.advance(1);
  CHECK(nodes.changes() == Texts{"Barn|hub|lost"});
}

TEST_CASE("nodes are not lost because the hub did not read") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(from("Barn", 10));
  clock.advance(100 * kSecond);
  nodes.excuse_silence();
  CHECK(nodes.changes().empty());
  clock.advance(31 * kSecond);
  CHECK(nodes.changes() == Texts{"Barn|hub|lost"});
}

TEST_CASE("an absurd heartbeat interval does no harm") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(from("Huge", 1e300));
  nodes.seen(from("Negative", -5));
  clock.advance(601 * kSecond);
  CHECK(nodes.changes() == Texts{"Negative|hub|lost"});
}

TEST_CASE("the silence of a known node counts from the start, and what it was stays") {
  FakeClock clock;
  common::NodeRecord barn;
  barn.node = "Barn";
  barn.heartbeat_s = 10;
  barn.images = 5;
  common::NodeRecord shed;
  shed.node = "Shed";
  shed.lost = true;
  Nodes nodes(clock, 600 * kSecond, {barn, shed});
  CHECK(nodes.changes().empty());
  clock.advance(31 * kSecond);
  CHECK(nodes.changes() == Texts{"Barn|hub|lost"});
  nodes.seen(from("Shed"));
  CHECK(nodes.changes() == Texts{"Shed|hub|back"});
  CHECK(nodes.status().at(0).row.images == 5);
}

TEST_CASE("a patience that is changed holds for the silence that there is") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(from("Barn"));
  clock.advance(20 * kSecond);
  CHECK(nodes.changes().empty());
  nodes.set_patience(10 * kSecond);
  CHECK(nodes.changes() == Texts{"Barn|hub|lost"});
}

TEST_CASE("what was stored is counted by node") {
  FakeClock clock;
  Nodes nodes(clock, kSecond, {});
  common::Message image = from("Barn");
  image.text = "Barn|jpg";
  nodes.stored(image, 100);
  nodes.stored(image, 50);
  common::Message event = from("Barn");
  event.text = "Barn|motion|moving";
  nodes.stored(event, 0);
  const auto row = nodes.status().at(0).row;
  CHECK(row.images == 2);
  CHECK(row.events == 1);
  CHECK(row.bytes == 150);
}

TEST_CASE("only rows that changed are saved") {
  FakeClock clock;
  Nodes nodes(clock, 10 * kSecond, {});
  nodes.seen(from("Barn"));
  nodes.seen(from("Shed"));
  CHECK(nodes.take_changed_rows().size() == 2);
  CHECK(nodes.take_changed_rows().empty());
  nodes.seen(from("Shed"));
  REQUIRE(nodes.take_changed_rows().size() == 1);
  clock.advance(11 * kSecond);
  nodes.changes();
  CHECK(nodes.take_changed_rows().size() == 2);
}

TEST_CASE("the rate is the mean of the last ten whole seconds") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  for (int second = 0; second < 30; ++second) {
    for (int i = 0; i < 5; ++i) nodes.seen(from("Barn"));
    clock.advance(kSecond);
  }
  CHECK(nodes.status().at(0).messages_per_s == Approx(5));
  clock.advance(5 * kSecond);
  CHECK(nodes.status().at(0).messages_per_s == Approx(2.5));
  clock.advance(60 * kSecond);
  CHECK(nodes.status().at(0).messages_per_s == 0);
}

TEST_CASE("a sender that invents names costs a bounded number of entries") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  for (int i = 0; i < 10'100; ++i) nodes.seen(from("n" + std::to_string(i)));
  CHECK(nodes.status().size() == 10'001);
}

namespace {

common::Message report(double delivered, double dropped = 0, double set_aside = 0) {
  common::Message message = from("Barn");
  message.boot = 7;
  message.fields = {
      {"delivered_here", delivered}, {"delivered_to", 99}, {"dropped", dropped}, {"set_aside", set_aside}};
  return message;
}

}  // namespace

TEST_CASE("what a node says of its messages is shown, and is to be compared once") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(report(5, 2, 1));
  nodes.seen(report(10, 3, 1));
  const auto reports = nodes.take_reports(10);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].node == "Barn");
  CHECK(reports[0].boot == 7);
  CHECK(reports[0].delivered_here == 10);
  CHECK(reports[0].delivered_to == 99);
  CHECK(nodes.take_reports(10).empty());
  REQUIRE(nodes.status().at(0).report);
  CHECK(nodes.status().at(0).report->dropped == 3);
  CHECK(nodes.status().at(0).report->set_aside == 1);
}

TEST_CASE("missing messages are told once per change, and not more than once a minute") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  nodes.seen(report(5));
  nodes.missing("Barn", 0);
  CHECK(nodes.changes().empty());
  nodes.missing("Barn", 3);
  CHECK(nodes.status().at(0).missing == 3);
  CHECK(nodes.changes() == Texts{"Barn|hub|missing 3"});
  CHECK(nodes.changes().empty());
  nodes.missing("Barn", 4);
  CHECK(nodes.changes().empty());
  clock.advance(60 * kSecond);
  CHECK(nodes.changes() == Texts{"Barn|hub|missing 4"});
  nodes.missing("Barn", 0);
  clock.advance(60 * kSecond);
  CHECK(nodes.changes().empty());
}

TEST_CASE("what is no report of a node is none") {
  FakeClock clock;
  Nodes nodes(clock, 600 * kSecond, {});
  for (const double number : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) nodes.seen(report(number));
  auto without_boot = report(5);
  without_boot.boot.reset();
  nodes.seen(without_boot);
  auto event = report(5);
  event.text = "Barn|motion|moving";
  nodes.seen(event);
  nodes.seen(from("Barn"));
  CHECK(nodes.take_reports(10).empty());
  nodes.seen(report(5, -1, 1e300));
  REQUIRE(nodes.take_reports(10).size() == 1);
  CHECK(nodes.status().at(0).report->dropped == 0);
}
