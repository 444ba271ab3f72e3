// Chunks of rows, filed on a disk that fails at the n-th operation, for every n until the scenario ends without meeting
// the fault. After each, and a power failure more: every row is in a batch, once, whole, in order; nothing else is.

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/sha256.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "hub_on_memory_disk.hpp"
#include "steps.hpp"

using common::cat;
using imagehub::Candidate;

namespace {

const std::filesystem::path kData = "/data/data";
constexpr std::size_t kMessages = 20;
constexpr std::size_t kGroup = 4;
constexpr int kTriesBeforeHelp = 2;  ///< failures after which somebody frees the disk
constexpr int kMaxTries = 20;
const std::string kHeader = "ID,Timestamp,Temp (C)";

/// Two files of three rows make a batch, so that chunks go over the ends of both.
imagehub::BatchSettings small_batches() {
  return {{2, 3, common::kDefaultNamePattern}, 60};
}

std::string row_text(std::uint64_t boot, std::uint64_t id) {
  return cat(id, ',', 1'795'168'800 + id, ".5,\"row ", id, " of ", boot, '"');
}

/// Of two nodes, every fifth an event; chunks of one to seven rows whose numbers go on within each node.
struct Sent {
  std::vector<common::MessagePtr> messages;
  std::map<std::uint64_t, std::uint64_t> rows;  ///< how many, by boot

  Sent() {
    for (std::size_t number = 0; number < kMessages; ++number) {
      auto message = std::make_shared<common::Message>();
      message->boot = 7 + number % 2;
      message->seq = 1 + number / 2;
      message->node = cat("Lab", *message->boot);
      const bool is_event = number % 5 == 4;
      message->text = cat(message->node, is_event ? "|door|open" : "|data");
      if (!is_event) fill(*message, 1 + number * 3 % 7);
      message->crc = common::crc32c(message->payload.view());
      messages.push_back(std::move(message));
    }
  }

  void fill(common::Message& message, std::size_t count) {
    message.source = "arduino";
    message.content = "text/csv";
    std::string csv = kHeader + "\r\n";
    for (std::size_t i = 0; i < count; ++i) csv += row_text(*message.boot, ++rows[*message.boot]) + "\r\n";
    message.payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
  }
};

/// Files below a folder, by path below data/.
void list_files(MemoryDisk& disk, const std::filesystem::path& folder, std::set<std::string>& found) {
  for (const auto& name : disk.list(folder)) {
    const auto path = folder / name;
    if (disk.info(path)->is_folder) {
      list_files(disk, path, found);
    } else {
      found.insert(path.lexically_relative(kData).string());
    }
  }
}

/// Every row of the index's batches, by boot, in the order in which the batches began; each file is what its row says.
std::map<std::uint64_t, std::vector<std::string>> rows_on(MemoryDisk& disk) {
  SQLite::Database index(std::string("/data/index.sqlite3"), SQLite::OPEN_READWRITE, 0, disk.sqlite_vfs());
  CHECK(index.execAndGet("PRAGMA integrity_check").getString() == "ok");
  SQLite::Statement query(
      index,
      "SELECT b.boot, b.path, b.state, b.incoming, f.name, f.rows, f.bytes, f.sha256 FROM batches b "
      "JOIN batch_files f ON f.batch_id = b.id ORDER BY b.id, f.number");
  std::map<std::uint64_t, std::vector<std::string>> rows;
  std::set<std::string> known;
  while (query.executeStep()) {
    const std::string path = query.getColumn(1).getString();
    const std::string file = cat(path, '/', query.getColumn(4).getString());
    INFO(file);
    CHECK((query.getColumn(2).getString() == "complete" || query.getColumn(2).getString() == "partial"));
    CHECK(query.getColumn(3).getString().empty());
    const std::string text = common::read_text(disk, kData / file);
    CHECK(text.size() == static_cast<std::size_t>(query.getColumn(6).getInt64()));
    CHECK(common::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) ==
          query.getColumn(7).getString());
    const auto read = common::parse_rows(text);
    REQUIRE(std::holds_alternative<common::RowChunk>(read));
    const auto& chunk = std::get<common::RowChunk>(read);
    CHECK(chunk.header == kHeader);
    CHECK(chunk.rows.size() == static_cast<std::size_t>(query.getColumn(5).getInt64()));
    auto& of_boot = rows[static_cast<std::uint64_t>(query.getColumn(0).getInt64())];
    for (const auto& row : chunk.rows) of_boot.emplace_back(row.text);
    known.insert(file);
    known.insert(cat(path, '/', common::kManifestName));
    CHECK(common::parse_manifest(common::read_text(disk, kData / path / common::kManifestName)));
  }
  std::set<std::string> files;
  list_files(disk, kData, files);
  CHECK(files == known);
  return rows;
}

/// Sends its messages in order, a group at a time, keeps what was not acknowledged, and starts the hub again after a
/// crash, as nodes and systemd do.
class Scenario {
 public:
  Scenario(Fault fault, std::uint64_t at) : disk_(clock_, at) {
    put_empty_hub(disk_);
    disk_.fail_at(at, fault);
  }

  /// Whether the fault came.
  bool play() {
    run();
    const bool came = disk_.fault_came();
    check();
    return came;
  }

 private:
  void run() {
    for (int tries = 0; next_ < kMessages; ++tries) {
      REQUIRE(tries < kMaxTries);
      try {
        if (!hub_) hub_.emplace(disk_, clock_, small_batches());
        send_next_group();
        tries = 0;
      } catch (const std::exception&) {
        after_failure(tries);
      }
    }
    // A stop, which may meet the fault too.
    hub_->batches.close_all(clock_.monotonic_ns());
    hub_.reset();
  }

  void check() {
    disk_.no_more_faults();
    disk_.restart();
    {
      HubOnMemoryDisk hub(disk_, clock_, small_batches());
      for (const auto& message : sent_.messages) CHECK(hub.index.contains(*imagehub::identity_of(*message)));
    }
    check_by_program(disk_, clock_);
    const auto rows = rows_on(disk_);
    for (const auto& [boot, count] : sent_.rows) {
      std::vector<std::string> expected;
      for (std::uint64_t id = 1; id <= count; ++id) expected.push_back(row_text(boot, id));
      CHECK(rows.at(boot) == expected);
    }
    CHECK(disk_.list(kData / ".incoming").empty());
  }

  void send_next_group() {
    const std::size_t end = std::min(next_ + kGroup, kMessages);
    std::deque<Candidate> candidates;
    std::vector<Candidate*> group;
    for (std::size_t i = next_; i < end; ++i) {
      Candidate& candidate = candidates.emplace_back();
      candidate.message = sent_.messages[i];
      candidate.monotonic_ns = clock_.monotonic_ns();
      if (!candidate.message->payload.empty()) hub_->committer.write(candidate, "unused");
      group.push_back(&candidate);
    }
    hub_->committer.commit(group);
    for (const Candidate& candidate : candidates) {
      CHECK_FALSE(candidate.refused);
      if (candidate.failed) std::rethrow_exception(candidate.failed);
    }
    next_ = end;
    hub_->committer.catch_up();
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

  const Sent sent_;
  FakeClock clock_;
  MemoryDisk disk_;
  std::optional<HubOnMemoryDisk> hub_;
  std::size_t next_ = 0;  ///< all before it are acknowledged
};

}  // namespace

TEST_CASE("whatever the disk does while rows are filed, each is there once, whole and in order") {
  play_all(100, [](Fault fault, std::uint64_t at) { return Scenario(fault, at).play(); });
}
