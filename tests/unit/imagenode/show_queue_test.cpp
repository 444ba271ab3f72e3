#include "imagenode/link/show_queue.hpp"

#include "catch.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"

using namespace imagenode;
using common::DeliveryClass;

namespace {

common::MessagePtr made(const std::string& text, std::size_t bytes = 0) {
  return std::make_shared<const common::Message>(message(text, bytes));
}

common::Message live_rows() {
  common::Message rows = message("Barn|data|L1", 10);
  rows.live = true;
  return rows;
}

}  // namespace

TEST_CASE("all rows and events are shown in their order, of pictures the newest") {
  ShowQueue queue;
  for (const auto* text :
       {"Barn|data|L1", "Barn|motion|moving", "Barn|jpg", "Barn|motion|still", "Barn|data|L1", "Barn|motion|moving"}) {
    queue.put(made(text));
  }
  const auto newest = made("Barn|jpg", 5);
  queue.put(newest);
  std::vector<std::string> texts;
  common::MessagePtr last;
  while (const auto message = queue.take()) {
    texts.push_back(message->text);
    last = message;
  }
  CHECK(texts == std::vector<std::string>{"Barn|data|L1", "Barn|motion|moving", "Barn|motion|still", "Barn|data|L1",
                                          "Barn|motion|moving", "Barn|jpg"});
  CHECK(last == newest);
}

TEST_CASE("all arrays of numbers are shown") {
  ShowQueue queue;
  queue.put(made("Barn|samples|animals"));
  queue.put(made("Barn|samples|animals"));
  CHECK(queue.take());
  CHECK(queue.take());
}

TEST_CASE("what waits to be shown is bounded, and the oldest gives way") {
  ShowQueue queue;
  for (int i = 0; i < 3; ++i) queue.put(made("Barn|data|" + std::to_string(i), ShowQueue::kMaxBytes / 2));
  CHECK(queue.take()->text == "Barn|data|1");
  CHECK(queue.take()->text == "Barn|data|2");
  CHECK_FALSE(queue.take());
  queue.put(made("Barn|jpg", 3 * ShowQueue::kMaxBytes));
  CHECK(queue.take());
  const auto events = static_cast<int>(ShowQueue::kMaxMessages) + 5;
  for (int i = 0; i < events; ++i) queue.put(made("Barn|count|" + std::to_string(i)));
  CHECK(queue.take()->text == "Barn|count|5");
}

TEST_CASE("live rows wait for a hub that shows them only while it answers, and nobody waits for them") {
  FakeClock clock;
  Outbox outbox({1'000'000});
  Stamper stamper(77, clock, {&outbox});
  int wakes = 0;
  outbox.on_put([&] { ++wakes; });
  stamper.put_unstored(live_rows());
  CHECK(wakes == 0);
  CHECK_FALSE(outbox.take_shown());
  outbox.hub_shows(true);
  stamper.put_unstored(live_rows());
  CHECK(wakes == 1);
  CHECK(outbox.wait_until_empty(0));
  CHECK(outbox.counts().accepted == std::array<std::uint64_t, 3>{});
  CHECK_FALSE(outbox.take_unstored());
  const auto shown = outbox.take_shown();
  REQUIRE(shown);
  CHECK(shown->boot == 77);
  CHECK_FALSE(shown->seq);
  stamper.put_unstored(live_rows());
  outbox.hub_shows(false);
  outbox.hub_shows(true);
  CHECK_FALSE(outbox.take_shown());
}

TEST_CASE("in a demo everything is marked, without a number, and only shown") {
  FakeClock clock;
  Outbox outbox({1'000'000});
  Stamper stamper(77, clock, {&outbox}, true);
  stamper.put(message("Barn|motion|moving"));
  outbox.hub_shows(true);
  stamper.put(message("Barn|motion|moving"));
  stamper.put(message("Barn|jpg", 10));
  stamper.put(message("Barn|data|L1", 10));
  stamper.put_unstored(message("Barn|Heartbeat"));
  stamper.put_unstored(live_rows());
  CHECK(outbox.only_in_memory() == 0);
  CHECK_FALSE(outbox.take(DeliveryClass::event));
  CHECK_FALSE(outbox.take_unstored());
  int count = 0;
  while (const auto shown = outbox.take_shown()) {
    ++count;
    CHECK(shown->demo);
    CHECK_FALSE(shown->seq);
    CHECK(shown->boot == 77);
  }
  CHECK(count == 5);
}
