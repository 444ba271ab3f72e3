// The node's spool on a disk that fails or loses power at every operation: what left memory comes again after it.

#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "catch.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/spooler.hpp"
#include "imagenode/link/stamper.hpp"
#include "memory_disk.hpp"
#include "steps.hpp"

using namespace imagenode;
using common::DeliveryClass;
using common::kSecond;

namespace {

// A spool needs fewer operations than a hub, so that a sanitizer meets more of them in the same time.
constexpr std::uint64_t kStepOfSpool = kStep == 1 ? 1 : 5;
constexpr int kTriesBeforeHelp = 3;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kNever = 1'000'000;

/// One start of a node: what of it lies between the cameras and the link, without threads.
struct Start {
  Start(MemoryDisk& disk, FakeClock& clock, std::uint64_t boot, const std::filesystem::path& file,
        std::vector<std::string>& reports)
      : outbox({64 * 1024 * 1024, Spooling::outage, 10 * kSecond, CatchUp::oldest_first}),
        stamper(boot, clock, {&outbox}),
        spooler({file, 4096}, boot, outbox, disk, clock,
                [&reports](const std::string& what) { reports.push_back(what); }) {
    outbox.hub_answers(false, clock.monotonic_ns());
  }
  Outbox outbox;
  Stamper stamper;
  Spooler spooler;
};

/// A node whose disk fails once, and a hub that takes what comes.
class Scenario {
 public:
  Scenario(Fault fault, std::uint64_t at) : disk_(clock_, at) { disk_.fail_at(at, fault); }

  /// An outage, a hub that takes a part, and a stop; after a power cut the next start goes on. Whether the fault came.
  bool play() {
    start();
    for (int round = 0; round < 3; ++round) {
      put(4);
      clock_.advance(11 * kSecond);
      spool();
      deliver(2);
    }
    put(3);
    stop();
    const bool fault_came = disk_.fault_came();
    check();
    return fault_came;
  }

  /// A node stops with messages in its spool, and this page of the file is overwritten. False when there is none.
  bool damage(std::uint64_t page) {
    disk_.no_more_faults();
    start();
    put(60);
    stop();
    node_.reset();
    promised_.clear();
    const auto file = disk_.open(file_, common::OpenMode::change);
    if ((page + 1) * kPage > file->size()) return false;
    file->write(page * kPage, common::Bytes(kPage, 'x'));
    file->sync();
    disk_.sync_folder(file_.parent_path());  // the -wal is gone for good
    return true;
  }

  bool was_corrupt() const {
    return std::any_of(reports_.begin(), reports_.end(),
                       [](const auto& report) { return report.starts_with("corrupt"); });
  }

  /// What is delivered after the next start, whatever the disk does meanwhile.
  std::set<Identity> salvaged(Fault fault, std::uint64_t at, bool& came) {
    disk_.fail_at(at, fault);
    start();
    node_->outbox.hub_answers(true, clock_.monotonic_ns());
    spool();
    came = disk_.fault_came();
    disk_.no_more_faults();
    disk_.heal();
    if (disk_.crashed()) disk_.restart();
    node_.reset();
    start();
    node_->outbox.hub_answers(true, clock_.monotonic_ns());
    spool();  // it may find the damage only now
    deliver(1000);
    return delivered_;
  }

 private:
  void check() {
    disk_.no_more_faults();
    disk_.heal();
    if (disk_.crashed()) disk_.restart();
    node_.reset();
    start();
    deliver(1000);
    for (const Identity& identity : promised_) {
      INFO(common::cat("boot ", identity.boot, " seq ", identity.seq));
      CHECK(delivered_.contains(identity));
    }
    for (const std::string& report : reports_) CHECK_FALSE(report.starts_with("corrupt"));
    CHECK(node_->spooler.status().messages == 0);
  }

  void start() {
    node_.emplace(disk_, clock_, ++boot_, file_, reports_);
    in_memory_.clear();
    spool();
  }

  void recover() {
    if (!disk_.crashed()) return;
    disk_.restart();
    start();
  }

  void put(int count) {
    for (int i = 0; i < count; ++i) {
      common::Message message;
      const bool image = ++last_put_ % 3 != 0;
      message.text = image ? "Barn door|image" : "Barn|motion|moving";
      if (image) {
        message.payload = common::Payload(common::Bytes(3000, static_cast<std::uint8_t>(last_put_)));
        message.array = common::ArrayForm{"uint8", {3000, 1}};
      }
      node_->stamper.put(std::move(message));
      in_memory_.insert({boot_, ++seqs_[boot_]});
    }
  }

  /// Until the disk has taken it, with help when it does not come by itself.
  void spool() {
    for (int tries = 0;; ++tries) {
      node_->spooler.work();
      if (disk_.crashed()) return recover();
      if (!node_->spooler.status().failing) break;
      if (tries == kTriesBeforeHelp) disk_.heal();
      REQUIRE(tries < 3 * kTriesBeforeHelp);
      clock_.advance(60 * kSecond);
    }
    if (node_->outbox.counts().queued_messages > 0) return;
    promised_.insert(in_memory_.begin(), in_memory_.end());
    in_memory_.clear();
  }

  void deliver(int count) {
    node_->outbox.hub_answers(true, clock_.monotonic_ns());
    spool();
    std::map<std::tuple<std::uint64_t, DeliveryClass>, std::uint64_t> last;
    while (count > 0) {
      common::MessagePtr message;
      for (const auto delivery_class : {DeliveryClass::event, DeliveryClass::image}) {
        if (!message) message = node_->outbox.take(delivery_class, Lane::late);
      }
      if (!message) break;
      const Identity identity = identity_of(*message);
      auto& before = last[{identity.boot, class_of(*message)}];
      CHECK(identity.seq > before);
      before = identity.seq;
      node_->outbox.delivered(identity);
      delivered_.insert(identity);
      --count;
      clock_.advance(kSecond);
      const std::uint64_t boot = boot_;
      spool();
      if (boot != boot_) return;
    }
    clock_.advance(kSecond);
    spool();
    node_->outbox.hub_answers(false, clock_.monotonic_ns());
  }

  void stop() {
    for (int tries = 0; node_->spooler.stop() > 0 && !disk_.crashed(); ++tries) {
      if (tries == kTriesBeforeHelp) disk_.heal();
      REQUIRE(tries < 3 * kTriesBeforeHelp);
    }
    if (!disk_.crashed()) promised_.insert(in_memory_.begin(), in_memory_.end());
  }

  FakeClock clock_;
  MemoryDisk disk_;
  const std::filesystem::path file_ = common::cat("/state-", ::getpid(), "/Barn.spool.sqlite3");
  std::vector<std::string> reports_;
  std::optional<Start> node_;
  std::uint64_t boot_ = 0;
  std::uint64_t last_put_ = 0;
  std::map<std::uint64_t, std::uint64_t> seqs_;
  std::set<Identity> in_memory_;  ///< put, and not yet known to be on the disk
  std::set<Identity> promised_;
  std::set<Identity> delivered_;
};

}  // namespace

TEST_CASE("what left memory for the spool comes again, whatever the disk does at which operation") {
  const auto play = [](Fault fault, std::uint64_t at) { return Scenario(fault, at).play(); };
  play_all(51, play, kStepOfSpool);
}

TEST_CASE("what can be read of a damaged spool is saved, whatever the disk does at which operation") {
  // A page without which the file is damaged, but a part of it can be read.
  std::uint64_t page = 1;
  std::set<Identity> readable;
  bool came = false;
  for (;; ++page) {
    Scenario scenario(Fault::io_error, 0);
    REQUIRE(scenario.damage(page));
    readable = scenario.salvaged(Fault::io_error, kNever, came);
    if (scenario.was_corrupt() && readable.size() > 5 && readable.size() < 60) break;
  }
  const auto play = [&](Fault fault, std::uint64_t at) {
    Scenario scenario(fault, 0);
    scenario.damage(page);
    const auto saved = scenario.salvaged(fault, at, came);
    INFO(common::cat(saved.size(), " of ", readable.size()));
    CHECK(std::includes(saved.begin(), saved.end(), readable.begin(), readable.end()));
    return came;
  };
  play_all(20, play, kStepOfSpool);
}
