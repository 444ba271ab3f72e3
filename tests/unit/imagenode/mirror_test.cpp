/// Every message to several hubs: one stamp, one queue and link for each.

#include <thread>

#include "catch.hpp"
#include "common/disk.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "fake_hub.hpp"
#include "imagenode/delivery.hpp"
#include "imagenode/link/stamper.hpp"

using namespace imagenode;
using common::cat;
using common::DeliveryClass;

namespace {

common::Message message(const std::string& text, std::size_t bytes = 0) {
  common::Message message;
  message.text = text;
  message.payload = common::Payload(common::Bytes(bytes, 1));
  return message;
}

DeliverySettings to(const std::string& address) {
  DeliverySettings settings;
  settings.link.addresses = {address};
  settings.outbox.max_bytes = 1024 * 1024;
  settings.hub = address;
  return settings;
}

const Sender kSender{"Barn", 77, {}};

}  // namespace

TEST_CASE("all hubs get the same message, with one identity and without a copy of its payload") {
  FakeClock clock;
  Outbox first({1'000'000});
  Outbox second({1'000'000});
  Stamper stamper(77, clock, {&first, &second});
  stamper.put(message("Barn door|jpg", 1000));
  const auto one = first.take(DeliveryClass::image);
  const auto other = second.take(DeliveryClass::image);
  CHECK(one == other);
  CHECK(one->seq == 1);
}

TEST_CASE("each hub has its own progress, bound and counts") {
  FakeClock clock;
  Outbox fast({30'000});
  Outbox slow({30'000});
  Stamper stamper(77, clock, {&fast, &slow});
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    stamper.put(message("Barn|jpg", 10'000));
    CHECK(fast.take(DeliveryClass::image)->seq == seq);
    fast.delivered({77, seq});
  }
  const auto image = static_cast<std::size_t>(DeliveryClass::image);
  CHECK(fast.counts().delivered[image] == 10);
  CHECK(fast.counts().dropped[image] == 0);
  CHECK(slow.counts().delivered[image] == 0);
  CHECK(slow.counts().dropped[image] == 8);
  CHECK(slow.take(DeliveryClass::image)->seq == 9);
}

TEST_CASE("a hub that is not there delays nothing for the other one, and gets everything later") {
  FakeHub living;
  std::string absent_address = FakeHub().address();
  common::Disk disk;
  FakeClock clock;  // stands still: the absent hub is waited for without end
  common::Liveness liveness;
  Delivery to_living(to(living.address()), kSender, disk, clock, nullptr, {});
  Delivery to_absent(to(absent_address), kSender, disk, clock, nullptr, {});
  Stamper stamper(77, clock, {&to_living.outbox(), &to_absent.outbox()});
  to_living.start(liveness);
  to_absent.start(liveness);
  living.greet();
  for (std::uint64_t seq = 1; seq <= 20; ++seq) {
    stamper.put(message("Barn|motion|moving"));
    const auto request = living.next();
    REQUIRE(request);
    CHECK(request->seq() == seq);
    living.reply(*request, cat("OK ", seq));
  }
  FakeHub absent(absent_address);
  absent.greet();
  for (std::uint64_t seq = 1; seq <= 20; ++seq) {
    const auto request = absent.next();
    REQUIRE(request);
    CHECK(request->seq() == seq);
    absent.reply(*request, cat("OK ", seq));
  }
  CHECK(to_living.outbox().wait_until_empty(10 * common::kSecond));
  CHECK(to_absent.outbox().wait_until_empty(10 * common::kSecond));
}

TEST_CASE("a heartbeat tells each hub of its own queue and of what it misses") {
  common::Disk disk;
  FakeClock clock;
  Delivery delivery(to("tcp://127.0.0.1:1"), kSender, disk, clock, nullptr, {});
  Stamper stamper(77, clock, {&delivery.outbox()});
  for (int i = 0; i < 3; ++i) stamper.put(message("Barn|jpg", 500'000));
  common::Message heartbeat;
  delivery.describe(heartbeat);
  CHECK(heartbeat.fields.at("queue") == 2);
  CHECK(heartbeat.fields.at("image_dropped") == 1);
  CHECK(heartbeat.fields.at("event_dropped") == 0);
  CHECK(heartbeat.units.at("queue_bytes") == "B");
}
