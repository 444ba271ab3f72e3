// The node's Outbox and spool, between cameras and a hub, on a disk that fails at the n-th operation, for every n until
// the scenario ends without meeting the fault. A hub that comes and goes takes messages meanwhile. After each: what was
// written to the spool, or is still in memory, has come to the hub, whole and in the order of its lane.

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/spooler.hpp"
#include "imagenode/link/stamper.hpp"
#include "steps.hpp"

using common::DeliveryClass;
using imagenode::Identity;
using imagenode::Lane;
using imagenode::Spooling;

namespace {

constexpr int kSteps = 14;
constexpr int kOutageFrom = 3;
constexpr int kOutageTo = 9;
constexpr int kFailuresBeforeHelp = 3;
constexpr int kMaxStepsToDrain = 200;

imagenode::OutboxSettings settings_for(Spooling spooling) {
  imagenode::OutboxSettings settings;
  settings.spooling = spooling;
  settings.patience_ns = common::kSecond / 2;
  return settings;
}

/// One life of the node's process.
struct Node {
  Node(std::uint64_t the_boot, Spooling spooling, MemoryDisk& disk, const common::Clock& clock)
      : outbox(settings_for(spooling)),
        stamper(the_boot, clock, {&outbox}),
        spooler({"/data/spool.sqlite3", 1}, the_boot, outbox, disk, clock, [](const std::string&) {}) {}
  imagenode::Outbox outbox;
  imagenode::Stamper stamper;
  imagenode::Spooler spooler;
};

/// What a hub keeps: each identity once, in the order of its lane.
class Hub {
 public:
  void take(const common::Message& message) {
    const Identity identity = imagenode::identity_of(message);
    CHECK(common::crc32c(message.payload.view()) == message.crc);
    if (!known_.insert(identity).second) return;
    auto& last = last_[{identity.boot, imagenode::class_of(message), message.late}];
    CHECK(identity.seq > last);
    last = identity.seq;
  }
  bool has(const Identity& identity) const { return known_.contains(identity); }

 private:
  std::set<Identity> known_;
  std::map<std::tuple<std::uint64_t, DeliveryClass, bool>, std::uint64_t> last_;
};

class Scenario {
 public:
  Scenario(Spooling spooling, Fault fault, std::uint64_t at) : spooling_(spooling), disk_(clock_, at) {
    disk_.make_folder("/data");
    disk_.sync_folder("/");
    disk_.fail_at(at, fault);
    start();
  }

  /// Whether the fault came.
  bool play() {
    for (step_ = 0; step_ < kSteps; ++step_) {
      put();
      turn();
    }
    const bool fault_came = disk_.fault_came();
    disk_.no_more_faults();
    disk_.heal();
    for (int left = kMaxStepsToDrain; !all_there() && left > 0; --left) turn();
    check();
    return fault_came;
  }

 private:
  void start() {
    ++boot_;
    seq_ = 0;
    node_.emplace(boot_, spooling_, disk_, clock_);
  }

  /// An image and an event; no step's are like another's.
  void put() {
    const std::int64_t size = 200 + step_;
    common::Message image;
    image.text = "Barn door|image";
    image.array = common::ArrayForm{"uint8", {size, 1}};
    image.payload = common::Payload(common::Bytes(static_cast<std::size_t>(size), 7));
    put(std::move(image));
    common::Message event;
    event.text = common::cat("Barn door|motion|", step_);
    put(std::move(event));
  }

  void put(common::Message message) {
    message.node = "Barn";
    node_->stamper.put(std::move(message));
    in_memory_.insert({boot_, ++seq_});
  }

  void turn() {
    clock_.advance(imagenode::Outbox::kGroupTime + common::kSecond / 20);
    node_->spooler.work();
    if (disk_.crashed()) {
      // What was in memory only may be lost.
      node_.reset();
      in_memory_.clear();
      disk_.restart();
      start();
      return;
    }
    note_owed();
    if (node_->spooler.status().failing && ++failures_ % kFailuresBeforeHelp == 0) disk_.heal();
    const bool outage = step_ >= kOutageFrom && step_ < kOutageTo;
    node_->outbox.hub_answers(!outage, clock_.monotonic_ns());
    if (!outage) deliver();
  }

  /// Now in the spool, so that no crash may lose it.
  void note_owed() {
    if (node_->outbox.only_in_memory() > 0) return;
    owed_.insert(in_memory_.begin(), in_memory_.end());
    in_memory_.clear();
  }

  /// Of each class and lane one message; now and then the connection breaks before the answer.
  void deliver() {
    for (const auto delivery_class : {DeliveryClass::event, DeliveryClass::image}) {
      for (const auto lane : {Lane::live, Lane::late}) {
        const auto message = node_->outbox.take(delivery_class, lane);
        if (!message) continue;
        const Identity identity = imagenode::identity_of(*message);
        hub_.take(*message);
        if (++deliveries_ % 5 == 0) {
          node_->outbox.put_back(identity);
        } else {
          node_->outbox.delivered(identity);
        }
      }
    }
  }

  bool all_there() {
    note_owed();
    for (const auto* identities : {&owed_, &in_memory_}) {
      for (const Identity& identity : *identities) {
        if (!hub_.has(identity)) return false;
      }
    }
    owed_.insert(in_memory_.begin(), in_memory_.end());
    return true;
  }

  void check() const {
    for (const Identity& identity : owed_) {
      INFO("boot " << identity.boot << " seq " << identity.seq);
      CHECK(hub_.has(identity));
    }
  }

  const Spooling spooling_;
  FakeClock clock_;
  MemoryDisk disk_;
  Hub hub_;
  std::optional<Node> node_;
  std::uint64_t boot_ = 0;
  std::uint64_t seq_ = 0;
  int step_ = 0;
  int failures_ = 0;
  int deliveries_ = 0;
  std::set<Identity> in_memory_;  ///< perhaps nowhere else
  std::set<Identity> owed_;
};

}  // namespace

TEST_CASE("whatever the disk does at whatever moment, the node keeps what it wrote to its spool") {
  play_all(40, [](Fault fault, std::uint64_t at) { return Scenario(Spooling::always, fault, at).play(); });
}

TEST_CASE("whatever the disk does during an outage, the node keeps what it wrote to its spool") {
  play_all(40, [](Fault fault, std::uint64_t at) { return Scenario(Spooling::outage, fault, at).play(); });
}
