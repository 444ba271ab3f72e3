// Rows that a node files without a hub, on a disk that fails or loses power at every operation.

#include "catch.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/local_batches.hpp"
#include "memory_disk.hpp"
#include "steps.hpp"

using namespace imagenode;
using common::cat;

namespace {

namespace fs = std::filesystem;

const fs::path kData = "/local/data";
constexpr int kTriesBeforeHelp = 2;  ///< failures after which somebody frees the disk
constexpr int kMaxTries = 20;
constexpr std::uint64_t kRowsOfChunk = 500;
constexpr std::uint64_t kChunks = 6;

/// A node that is started again after a power cut, and a spool that forgets what was written one chunk late.
class Scenario {
 public:
  Scenario(Fault fault, std::uint64_t at) : disk_(clock_, at) {
    for (std::uint64_t i = 0; i < kChunks; ++i) chunks_.push_back(chunk(1, i));
    disk_.fail_at(at, fault);
  }

  /// Whether the fault came.
  bool play() {
    start();
    for (int tries = 0; next_ < kChunks; ++tries) {
      REQUIRE(tries < kMaxTries);
      try {
        const auto refused = batches_->write({chunks_[next_]});
        CHECK(refused.empty());
        ++next_;
        tries = 0;
        batches_->close_idle();
        if (disk_.crashed()) throw std::runtime_error("no power");
      } catch (const std::exception&) {
        after_failure(tries);
      }
    }
    batches_->close_all();
    const bool came = disk_.fault_came();
    check();
    return came;
  }

 private:
  common::MessagePtr chunk(std::uint64_t boot, std::uint64_t number) const {
    auto message = std::make_shared<common::Message>();
    message->text = "Lab|data|gauge";
    message->content = "text/csv";
    message->node = "Lab";
    message->source = "gauge";
    message->boot = boot;
    message->seq = number + 1;
    std::string csv = "ID,Timestamp,level\r\n";
    for (std::uint64_t i = 1; i <= kRowsOfChunk; ++i) {
      const std::uint64_t id = number * kRowsOfChunk + i;
      csv += cat(id, ',', 1'795'168'800 + id, ".5,", id % 10, "\r\n");
    }
    message->payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
    return message;
  }

  void start() { batches_.emplace(kData, ++boot_, disk_, clock_); }

  void after_failure(int tries) {
    if (disk_.crashed()) {
      batches_.reset();
      disk_.restart();
      start();
      // The spool had not forgotten the last one yet.
      if (next_ > 0) --next_;
    } else if (tries >= kTriesBeforeHelp) {
      disk_.heal();
    }
    clock_.advance(60 * common::kSecond);
  }

  void check() {
    disk_.no_more_faults();
    disk_.heal();
    if (disk_.crashed()) disk_.restart();
    start();
    // A start looks after what it finds when there is something to write.
    CHECK(batches_->write({chunk(boot_, kChunks)}).empty());
    batches_->close_all();
    std::map<std::uint64_t, int> times;
    collect(kData, times);
    for (std::uint64_t id = 1; id <= (kChunks + 1) * kRowsOfChunk; ++id) {
      INFO("row " << id);
      REQUIRE(times[id] == 1);
    }
    CHECK(disk_.list(kData / ".incoming").empty());
  }

  /// How often each row is there.
  void collect(const fs::path& folder, std::map<std::uint64_t, int>& times) {
    for (const std::string& name : disk_.list(folder)) {
      if (name == "unknown") continue;  // what was torn before its rows were on the disk; they came again
      if (disk_.info(folder / name)->is_folder) {
        collect(folder / name, times);
      } else if (name.ends_with(".csv")) {
        const std::string csv = common::read_text(disk_, folder / name);
        const auto read = common::parse_rows(csv);
        REQUIRE(std::holds_alternative<common::RowChunk>(read));
        for (const auto& row : std::get<common::RowChunk>(read).rows) ++times[std::stoull(std::string(row.text))];
      }
    }
  }

  FakeClock clock_;
  MemoryDisk disk_;
  std::vector<common::MessagePtr> chunks_;
  std::optional<LocalBatches> batches_;
  std::uint64_t boot_ = 0;
  std::uint64_t next_ = 0;  ///< all before it are written
};

}  // namespace

TEST_CASE("whatever the disk does while a node files rows itself, each is there once") {
  play_all(50, [](Fault fault, std::uint64_t at) { return Scenario(fault, at).play(); });
}
