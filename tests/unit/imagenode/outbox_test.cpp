#include "imagenode/link/outbox.hpp"

#include "catch.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"

using namespace imagenode;
using common::DeliveryClass;

TEST_CASE("messages are numbered from 1 and stamped") {
  FakeClock clock;
  clock.utc = 5 * common::kSecond;
  Outbox outbox({1'000'000});
  Stamper stamper(77, clock, {&outbox});
  stamper.put(message("Barn|Restart"));
  stamper.put(message("Barn door|jpg"));
  const auto event = outbox.take(DeliveryClass::event);
  const auto image = outbox.take(DeliveryClass::image);
  REQUIRE(event);
  REQUIRE(image);
  CHECK(event->seq == 1);
  CHECK(image->seq == 2);
  CHECK(event->boot == 77);
  CHECK(event->time_ns == clock.utc);
  CHECK(event->crc.has_value());
  CHECK_FALSE(outbox.take(DeliveryClass::event));
}

TEST_CASE("a full outbox gives up the oldest images and never events for them") {
  FakeClock clock;
  Outbox outbox({30'000});
  Stamper stamper(1, clock, {&outbox});
  stamper.put(message("Barn|motion|moving"));
  for (int i = 0; i < 5; ++i) stamper.put(message("Barn|jpg", 10'000));
  CHECK(outbox.counts().dropped[static_cast<int>(DeliveryClass::image)] == 3);
  CHECK(outbox.counts().dropped[static_cast<int>(DeliveryClass::event)] == 0);
  CHECK(outbox.take(DeliveryClass::event)->seq == 1);
  CHECK(outbox.take(DeliveryClass::image)->seq == 5);
  CHECK(outbox.counts().queued_bytes <= 30'000);
}

TEST_CASE("a message that was sent once is not given up: the hub may wait for it") {
  FakeClock clock;
  Outbox outbox({15'000});
  Stamper stamper(1, clock, {&outbox});
  stamper.put(message("Barn|jpg", 10'000));
  const auto first = outbox.take(DeliveryClass::image);
  stamper.put(message("Barn|jpg", 10'000));
  CHECK(outbox.counts().queued_messages == 1);
  outbox.put_back({1, 1});
  CHECK(outbox.take(DeliveryClass::image)->seq == first->seq);
}

TEST_CASE("a message leaves the outbox when it is delivered or set aside, and comes again when put back") {
  FakeClock clock;
  Outbox outbox({1'000'000});
  Stamper stamper(1, clock, {&outbox});
  for (int i = 0; i < 3; ++i) stamper.put(message("Barn|jpg", 10));
  for (int i = 0; i < 3; ++i) outbox.take(DeliveryClass::image);
  outbox.delivered({1, 1});
  outbox.put_back({1, 2});
  outbox.set_aside({1, 3}, "quota");
  CHECK(outbox.take(DeliveryClass::image)->seq == 2);
  outbox.delivered({1, 2});
  CHECK(outbox.counts().queued_messages == 0);
  CHECK(outbox.counts().queued_bytes == 0);
  CHECK(outbox.counts().delivered[static_cast<int>(DeliveryClass::image)] == 2);
  CHECK(outbox.counts().set_aside[static_cast<int>(DeliveryClass::image)] == 1);
  CHECK(outbox.wait_until_empty(0));
}

TEST_CASE("of what is never stored only the newest of each kind waits") {
  FakeClock clock;
  Outbox outbox({1'000'000});
  Stamper stamper(1, clock, {&outbox});
  stamper.put_unstored(message("ROI", 1));
  stamper.put_unstored(message("ROI", 2));
  CHECK(outbox.take_unstored()->payload.size() == 2);
  CHECK_FALSE(outbox.take_unstored());
}

TEST_CASE("every outbox gets the same message") {
  FakeClock clock;
  Outbox first({1'000'000});
  Outbox second({1'000'000});
  Stamper stamper(1, clock, {&first, &second});
  stamper.put(message("Barn|jpg", 10));
  const auto taken = first.take(DeliveryClass::image);
  REQUIRE(taken);
  CHECK(taken == second.take(DeliveryClass::image));
}
