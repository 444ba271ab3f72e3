// The same with the hub's threads: writers and the commit meet the fault in an order of their own, senders are told
// RETRY and keep the contract's rule for what comes next.

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "catch.hpp"
#include "fake_clock.hpp"
#include "hub_on_memory_disk.hpp"
#include "imagehub/filing/filing.hpp"
#include "steps.hpp"

using imagehub::Outcome;
using imagehub::Ticket;

namespace {

constexpr std::size_t kMessages = 40;
constexpr int kRetriesBeforeHelp = 3;

/// Starts the hub with its threads; outcomes come through `report`.
struct RunningHub {
  RunningHub(MemoryDisk& disk, const common::Clock& clock, common::Liveness& liveness, imagehub::Filing::Report report)
      : storage(disk, clock), filing({}, storage.committer, clock, liveness, std::move(report)) {}
  HubOnMemoryDisk storage;
  imagehub::Filing filing;
};

/// A sender for both nodes: everything under way at once; after RETRY a lane goes on, from its first message without an
/// answer, when nothing of it is under way any more.
class Scenario {
 public:
  Scenario(Fault fault, std::uint64_t at) : disk_(clock_, at), messages_(test_messages(kMessages)) {
    for (Ticket i = 0; i < kMessages; ++i) lanes_[lane_of(i)].waiting.push_back(i);
    put_empty_hub(disk_);
    disk_.fail_at(at, fault);
  }

  /// Whether the fault came.
  bool play() {
    run();
    const bool fault_came = disk_.fault_came();
    check_contract(disk_, clock_, messages_);
    return fault_came;
  }

 private:
  struct Lane {
    std::vector<Ticket> waiting;
    std::size_t under_way = 0;
  };

  void run() {
    while (!lanes_.empty()) {
      if (!hub_ && !start()) continue;
      send();
      take_outcomes();
      if (disk_.crashed()) stop();
    }
    hub_.reset();
  }

  std::pair<std::uint64_t, bool> lane_of(Ticket ticket) const {
    const auto& message = *messages_[static_cast<std::size_t>(ticket)];
    return {*message.boot, message.payload.empty()};
  }

  bool start() {
    if (disk_.crashed()) disk_.restart();
    try {
      hub_.emplace(disk_, clock_, liveness_, [this](Ticket ticket, const Outcome& outcome) {
        const std::lock_guard lock(mutex_);
        outcomes_.emplace_back(ticket, outcome.kind);
        changed_.notify_all();
      });
      ++connection_;
      return true;
    } catch (const std::exception&) {
      get_help();
      return false;
    }
  }

  void stop() {
    hub_.reset();
    outcomes_.clear();
    for (auto& [key, lane] : lanes_) lane.under_way = 0;
  }

  void send() {
    for (auto& [key, lane] : lanes_) {
      if (lane.under_way > 0) continue;
      for (const Ticket ticket : lane.waiting) {
        imagehub::Received received;
        received.message = messages_[static_cast<std::size_t>(ticket)];
        received.monotonic_ns = clock_.monotonic_ns();
        received.connection = std::to_string(connection_);
        received.ticket = ticket;
        ++lane.under_way;
        hub_->filing.submit(std::move(received));
      }
    }
  }

  void take_outcomes() {
    std::vector<std::pair<Ticket, Outcome::Kind>> taken;
    {
      std::unique_lock lock(mutex_);
      REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return !outcomes_.empty(); }));
      taken.swap(outcomes_);
    }
    for (const auto& [ticket, kind] : taken) {
      const auto at = lanes_.find(lane_of(ticket));
      REQUIRE(at != lanes_.end());
      --at->second.under_way;
      if (kind == Outcome::Kind::stored) std::erase(at->second.waiting, ticket);
      if (kind == Outcome::Kind::retry) get_help();
      CHECK(kind != Outcome::Kind::reject);
      if (at->second.waiting.empty()) lanes_.erase(at);
    }
  }

  /// Somebody frees the disk, but not at once.
  void get_help() {
    clock_.advance(2 * common::kSecond);
    if (++failures_ % kRetriesBeforeHelp == 0) disk_.heal();
  }

  FakeClock clock_;
  MemoryDisk disk_;
  common::Liveness liveness_;
  std::vector<common::MessagePtr> messages_;
  std::map<std::pair<std::uint64_t, bool>, Lane> lanes_;
  int connection_ = 0;
  int failures_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Ticket, Outcome::Kind>> outcomes_;
  std::optional<RunningHub> hub_;
};

}  // namespace

TEST_CASE("whatever the disk does while the hub's threads file, what was acknowledged is kept") {
  play_all(100, [](Fault fault, std::uint64_t at) { return Scenario(fault, at).play(); });
}
