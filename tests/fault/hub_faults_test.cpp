// The hub from its writers to its index on a disk that fails at the n-th operation, for every n until the scenario ends
// without meeting the fault. After each: what was acknowledged is there, once, whole and in order.

#include <algorithm>
#include <deque>
#include <optional>

#include "catch.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "hub_on_memory_disk.hpp"
#include "steps.hpp"

using imagehub::Candidate;

namespace {

constexpr std::size_t kMessages = 24;
constexpr std::size_t kGroup = 4;
constexpr int kTriesBeforeHelp = 2;  ///< failures after which somebody frees the disk
constexpr int kMaxTries = 20;

/// Sends its messages in order, a group at a time, keeps what was not acknowledged, and starts the hub again after a
/// crash, as nodes and systemd do.
class Scenario {
 public:
  /// The hub's first start is part of it, unless it finds what one left.
  enum class Begin { first_start, empty_hub };
  Scenario(Fault fault, std::uint64_t at, Begin begin, std::size_t messages)
      : disk_(clock_, at), messages_(test_messages(messages)) {
    if (begin == Begin::empty_hub) put_empty_hub(disk_);
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
  void run() {
    for (int tries = 0; next_ < messages_.size(); ++tries) {
      REQUIRE(tries < kMaxTries);
      try {
        if (!hub_) hub_.emplace(disk_, clock_);
        send_next_group();
        tries = 0;
      } catch (const std::exception&) {
        after_failure(tries);
      }
    }
    hub_.reset();
  }

  void send_next_group() {
    const std::size_t end = std::min(next_ + kGroup, messages_.size());
    std::deque<Candidate> candidates;
    try {
      for (std::size_t i = next_; i < end; ++i) write(candidates.emplace_back(), messages_[i]);
      std::vector<Candidate*> group;
      for (Candidate& candidate : candidates) {
        if (candidate.file) hub_->committer.sync(candidate);
        group.push_back(&candidate);
      }
      hub_->committer.commit(group);
    } catch (...) {
      for (Candidate& candidate : candidates) hub_->committer.discard(candidate);
      throw;
    }
    for (const Candidate& candidate : candidates) CHECK_FALSE(candidate.refused);
    next_ = end;
    hub_->committer.catch_up();
    // The log gets a new file in the middle.
    if (next_ == messages_.size() / 2) clock_.advance(86'400 * common::kSecond);
  }

  void write(Candidate& candidate, const common::MessagePtr& message) {
    candidate.message = message;
    candidate.monotonic_ns = clock_.monotonic_ns();
    if (!message->payload.empty()) hub_->committer.write(candidate, common::cat("in-", ++written_));
  }

  void after_failure(int tries) {
    if (disk_.crashed()) {
      hub_.reset();
      disk_.restart();
      // The replies to the last group were lost with the power: it comes again.
      next_ -= std::min(next_, kGroup);
    } else if (tries >= kTriesBeforeHelp) {
      disk_.heal();
    }
    clock_.advance(2 * common::kSecond);
  }

  FakeClock clock_;
  MemoryDisk disk_;
  std::vector<common::MessagePtr> messages_;
  std::optional<HubOnMemoryDisk> hub_;
  std::size_t next_ = 0;  ///< all before it are acknowledged
  int written_ = 0;
};

}  // namespace

TEST_CASE("whatever the disk does at whatever moment, the hub keeps what it acknowledged, once, whole and in order") {
  play_all(100, [](Fault fault, std::uint64_t at) {
    return Scenario(fault, at, Scenario::Begin::empty_hub, kMessages).play();
  });
}

TEST_CASE("whatever the disk does at the first start of a hub, it keeps what it acknowledges then") {
  play_all(50, [](Fault fault, std::uint64_t at) {
    return Scenario(fault, at, Scenario::Begin::first_start, kGroup).play();
  });
}
