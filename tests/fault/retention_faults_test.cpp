// Retention on a disk that fails at the n-th operation, for every n until it ends without meeting the fault. After
// each: what its owner wants to keep is there, whole; of the rest neither row nor file; all of it is known for ever.

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <optional>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "hub_on_memory_disk.hpp"
#include "imagehub/filing/retention.hpp"
#include "steps.hpp"

using common::cat;
using imagehub::Candidate;

namespace {

constexpr std::uint64_t kBoot = 7;
constexpr std::uint64_t kDays = 8;
constexpr std::uint64_t kKept = 3;   ///< of these days
constexpr int kTriesBeforeHelp = 2;  ///< failures after which somebody frees the disk
constexpr int kMaxTries = 20;
constexpr std::int64_t kDay = 86'400 * common::kSecond;
constexpr std::int64_t kMinute = 60 * common::kSecond;

/// Each chunk makes a batch.
imagehub::BatchSettings small_batches() {
  return {{1, 1, common::kDefaultNamePattern}, 60};
}

common::MessagePtr message(std::uint64_t seq, const char* text, const std::string& payload, std::int64_t time_ns) {
  auto made = std::make_shared<common::Message>();
  made->boot = kBoot;
  made->seq = seq;
  made->node = "Lab";
  made->text = text;
  made->time_ns = time_ns;
  if (payload.starts_with("ID,")) {
    made->source = "arduino";
    made->content = "text/csv";
  }
  made->payload = common::Payload(common::Bytes(payload.begin(), payload.end()));
  made->crc = common::crc32c(made->payload.view());
  return made;
}

void file(HubOnMemoryDisk& hub, const common::Clock& clock, const common::MessagePtr& message) {
  Candidate candidate;
  candidate.message = message;
  candidate.monotonic_ns = clock.monotonic_ns();
  hub.committer.write(candidate, cat("incoming-", *message->seq));
  if (candidate.file) hub.committer.sync(candidate);
  hub.committer.commit({&candidate});
  REQUIRE_FALSE(candidate.refused);
}

/// What a hub has after some days: a picture and a batch of each, and events, which stay.
struct Filled {
  Filled() {
    HubOnMemoryDisk hub(disk, clock, small_batches());
    for (std::uint64_t day = 0; day < kDays; ++day) {
      clock.advance(kDay);
      const std::int64_t now = clock.utc_ns();
      file(hub, clock, message(3 * day + 1, "Lab bench|jpg", cat("picture ", day), now));
      file(hub, clock,
           message(3 * day + 2, "Lab|data", cat("ID,Timestamp,n\r\n1,", now / common::kSecond, ".5,1\r\n"), now));
      file(hub, clock, message(3 * day + 3, "Lab|door|open", "", now));
    }
    hub.committer.catch_up();
    clock.advance(kMinute);
  }
  FakeClock clock;
  MemoryDisk disk{clock};
};

const Filled& filled() {
  static const Filled made;
  return made;
}

class Scenario {
 public:
  Scenario(Fault fault, std::uint64_t at) : disk_(clock_, at) {
    clock_.advance(filled().clock.monotonic_ns() - clock_.monotonic_ns());
    disk_.become_like(filled().disk);
    disk_.fail_at(at, fault);
  }

  /// Whether the fault came.
  bool play() {
    for (int tries = 0; !done(); ++tries) {
      REQUIRE(tries < kMaxTries);
      if ((tries + 1) % kTriesBeforeHelp == 0) disk_.heal();
    }
    const bool fault_came = disk_.fault_came();
    hub_.reset();
    verify();
    return fault_came;
  }

 private:
  /// The hub of a farm that wants to keep some days only.
  struct Hub {
    Hub(MemoryDisk& disk, const common::Clock& clock)
        : storage(disk, clock, small_batches()),
          retention(settings(), {storage.index, storage.store, storage.batch_store, storage.committer, storage.reserve,
                                 disk, clock}) {
      retention.recover();
    }
    static imagehub::RetentionSettings settings() {
      imagehub::RetentionSettings wanted;
      wanted.images.all.keep_days = wanted.data.all.keep_days = static_cast<double>(kKept) - 0.5;
      return wanted;
    }
    std::int64_t number(const std::string& query) { return storage.index.database().execAndGet(query).getInt64(); }

    HubOnMemoryDisk storage;
    imagehub::Retention retention;
  };

  /// A look at what is to go, and all of its rounds; whether nothing is left that should not be there.
  bool done() {
    try {
      if (disk_.crashed()) restart();
      if (!hub_) hub_.emplace(disk_, clock_);
      clock_.advance(kMinute);
      while (hub_->retention.step([](const auto& task) { task(); })) {
      }
      return !disk_.crashed() && hub_->number("SELECT count(*) FROM images") == kKept &&
             hub_->number("SELECT count(*) FROM batches") == kKept && hub_->number("SELECT count(*) FROM garbage") == 0;
    } catch (const std::exception&) {
      return false;
    }
  }

  void restart() {
    hub_.reset();
    disk_.restart();
  }

  /// After one more power failure.
  void verify() {
    disk_.no_more_faults();
    disk_.restart();
    {
      Hub hub(disk_, clock_);
      CHECK(hub.number("SELECT min(seq) FROM images") == 3 * (kDays - kKept) + 1);
      CHECK(hub.number("SELECT count(*) FROM images") == kKept);
      CHECK(hub.number("SELECT count(*) FROM batches") == kKept);
      CHECK(hub.number("SELECT count(*) FROM events WHERE node = 'Lab'") == kDays);
      for (std::uint64_t seq = 1; seq <= 3 * kDays; ++seq) CHECK(hub.storage.index.contains({kBoot, seq}));
    }
    check_by_program(disk_, clock_);
  }

  FakeClock clock_;
  MemoryDisk disk_;
  std::optional<Hub> hub_;
};

}  // namespace

TEST_CASE("whatever the disk does while the oldest is deleted, the rest is kept") {
  play_all(20, [](Fault fault, std::uint64_t at) { return Scenario(fault, at).play(); });
}
