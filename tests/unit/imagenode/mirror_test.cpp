/// Every message to several hubs: one stamp, one queue and link for each.

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "catch.hpp"
#include "common/disk.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "fake_hub.hpp"
#include "imagenode/delivery.hpp"
#include "imagenode/link/stamper.hpp"
#include "message.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using common::cat;
using common::DeliveryClass;

namespace {

DeliverySettings to(const std::string& address) {
  DeliverySettings settings;
  settings.link.addresses = {address};
  settings.outbox.max_bytes = 1024 * 1024;
  settings.hub = address;
  return settings;
}

const Sender kSender{"Barn", 77, {}};

/// A road whose messages can go to a spool in this folder.
DeliverySettings spooling_to(const std::string& address, const std::filesystem::path& folder) {
  DeliverySettings settings = to(address);
  settings.outbox.spooling = Spooling::outage;
  settings.spool.file = folder / (address.substr(address.rfind(':') + 1) + ".sqlite3");
  return settings;
}

constexpr std::int64_t kNoLimit = INT64_MAX;

/// Where threads wait until all of them are there.
class Meeting {
 public:
  explicit Meeting(int awaited) : awaited_(awaited) {}
  /// Whether the others came, within ten seconds.
  bool attend() {
    std::unique_lock lock(mutex_);
    --awaited_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return awaited_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int awaited_;
};

/// Two disks: at the end of the node each waits until the other one is at work too.
class MeetingDisk : public common::Disk {
 public:
  explicit MeetingDisk(Meeting& both) : both_(both) {}
  void end_begins() {
    opened_.wait(false);
    end_ = true;
  }
  bool met() const { return met_; }

  common::Space space(const Path& path) override {
    if (end_.exchange(false)) met_ = both_.attend();
    opened_ = true;
    opened_.notify_all();
    return Disk::space(path);
  }

 private:
  Meeting& both_;
  std::atomic<bool> opened_ = false;
  std::atomic<bool> end_ = false;
  std::atomic<bool> met_ = false;
};

}  // namespace

TEST_CASE("at the stop the spools of all roads write at the same time") {
  const TempFolder folder;
  FakeClock clock;
  common::Liveness liveness;
  Meeting both(2);
  std::array<MeetingDisk, 2> disks{MeetingDisk(both), MeetingDisk(both)};
  Deliveries roads;
  for (MeetingDisk& disk : disks) {
    const auto settings = spooling_to(cat("tcp://127.0.0.1:", roads.size() + 1), folder.path());
    roads.push_back(std::make_unique<Delivery>(settings, kSender, disk, clock, nullptr, [](const auto&) {}));
  }
  Stamper stamper(77, clock, {&roads[0]->outbox(), &roads[1]->outbox()});
  for (const auto& road : roads) road->start(liveness);
  stamper.put(message("Barn|motion|moving"));
  for (MeetingDisk& disk : disks) disk.end_begins();
  stop_together(roads, kNoLimit);
  for (const MeetingDisk& disk : disks) CHECK(disk.met());
  for (const auto& road : roads) CHECK(road->outbox().only_in_memory() == 0);
}

TEST_CASE("what a spool reports at the stop is kept by a road whose spool was through already") {
  const TempFolder folder;
  FakeClock clock;
  common::Disk disk;
  Stamper* stamper = nullptr;
  const auto report = [&](const std::string& what) { stamper->put(message("Barn|spool|" + what)); };
  Deliveries roads;
  roads.push_back(std::make_unique<Delivery>(spooling_to("tcp://127.0.0.1:1", folder.path()), kSender, disk, clock,
                                             nullptr, report));
  // No folder can be made here.
  const auto nowhere = spooling_to("tcp://127.0.0.1:2", "/proc/nowhere");
  roads.push_back(std::make_unique<Delivery>(nowhere, kSender, disk, clock, nullptr, report));
  Stamper made(77, clock, {&roads[0]->outbox(), &roads[1]->outbox()});
  stamper = &made;
  made.put(message("Barn|motion|moving"));
  stop_together(roads, kNoLimit);
  CHECK(roads[0]->outbox().counts().accepted[0] == 2);
  CHECK(roads[0]->outbox().only_in_memory() == 0);
  CHECK(roads[1]->outbox().only_in_memory() == 2);
}

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
  const common::SystemClock clock;
  common::Liveness liveness;
  DeliverySettings patient = to(absent_address);
  patient.link.patience_s = 600;
  Delivery to_living(to(living.address()), kSender, disk, clock, nullptr, {});
  Delivery to_absent(patient, kSender, disk, clock, nullptr, {});
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
