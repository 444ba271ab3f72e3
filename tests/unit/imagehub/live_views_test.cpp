#include "imagehub/live/live_views.hpp"

#include "catch.hpp"
#include "fake_clock.hpp"
#include "imagehub/live/live.hpp"

using namespace imagehub;
using common::Kind;

namespace {

common::Message from(const std::string& node, const std::string& view, const std::string& what) {
  common::Message message;
  message.text = node + ' ' + view + '|' + what;
  message.node = node;
  message.view = view;
  return message;
}

}  // namespace

TEST_CASE("of each view the newest event, and when the newest picture came") {
  FakeClock clock;
  LiveViews views(clock);
  views.add(from("Barn", "door", "motion|moving"), Kind::event);
  clock.advance(common::kSecond);
  views.add(from("Barn", "door", "motion|still"), Kind::event);
  views.add(from("Barn", "yard", "jpg"), Kind::jpeg);
  clock.advance(common::kSecond);
  const auto all = views.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].view == "door");
  CHECK(all[0].event == "Barn door|motion|still");
  CHECK(all[0].event_age_s == 1);
  CHECK_FALSE(all[0].picture_age_s);
  CHECK(all[1].event.empty());
  CHECK_FALSE(all[1].event_age_s);
  CHECK(all[1].picture_age_s == 1);
}

TEST_CASE("views and texts are bounded, whatever comes") {
  FakeClock clock;
  LiveViews views(clock);
  for (std::size_t i = 0; i < LiveViews::kMaxViews + 5; ++i) {
    views.add(from("Barn", std::to_string(i), std::string(10'000, 'x')), Kind::event);
    clock.advance(1);
  }
  const auto all = views.all();
  CHECK(all.size() == LiveViews::kMaxViews);
  for (const auto& view : all) {
    CHECK(view.view != "4");
    CHECK(view.event.size() <= LiveViews::kMaxEventBytes);
  }
}

TEST_CASE("what comes is shown, stored or not, but not what was captured during an outage") {
  FakeClock clock;
  Live live(clock);
  common::Message event = from("Barn", "door", "motion|moving");
  event.late = true;
  live.take(event, Kind::event);
  CHECK(live.views().all().empty());
  event.late = false;
  live.take(event, Kind::event);
  CHECK(live.views().all().size() == 1);
  live.take(from("Barn", "", "Heartbeat"), Kind::heartbeat);
  CHECK(live.views().all().size() == 1);
  CHECK(live.demo_messages() == 0);
  event.demo = true;
  live.take(event, Kind::event);
  CHECK(live.views().all()[0].demo);
  CHECK(live.demo_messages() == 1);
  CHECK(live.live_messages() == 0);
}
