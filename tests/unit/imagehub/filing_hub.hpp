#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "common/files.hpp"
#include "imagehub/filing/filing.hpp"
#include "unit/imagehub/filing_kit.hpp"

inline constexpr std::uint64_t kBoot = 0xF00D;
inline constexpr std::int64_t kLong = 30 * common::kSecond;

/// Outcomes by ticket; waits for them.
class Outcomes {
 public:
  void add(imagehub::Ticket ticket, const imagehub::Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    if (outcome.kind == imagehub::Outcome::Kind::waits) {  // not the last word
      waiting_.insert(ticket);
      changed_.notify_all();
      return;
    }
    order_.push_back(ticket);
    all_[ticket].push_back(outcome);
    changed_.notify_all();
  }
  imagehub::Outcome wait(imagehub::Ticket ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return all_.contains(ticket); });
    INFO(ticket);
    REQUIRE(all_.contains(ticket));
    return all_.at(ticket).front();
  }
  void wait_until_waiting(imagehub::Ticket ticket) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return waiting_.contains(ticket); }));
  }
  bool has(imagehub::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    return all_.contains(ticket);
  }
  std::size_t count(imagehub::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    return all_[ticket].size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<imagehub::Ticket> order_;
  std::map<imagehub::Ticket, std::vector<imagehub::Outcome>> all_;
  std::set<imagehub::Ticket> waiting_;
};

/// Filing at work: its threads, on a data directory of their own.
class Hub : public FilingKit {
 public:
  explicit Hub(int writers = 4, imagehub::CommitterSettings settings = {}) : FilingKit(settings), writers_(writers) {
    start();
  }
  ~Hub() { filing.reset(); }
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  void start() {
    filing = std::make_unique<imagehub::Filing>(
        imagehub::FilingSettings{writers_}, *committer, clock, liveness,
        [this](imagehub::Ticket ticket, const imagehub::Outcome& outcome) { outcomes.add(ticket, outcome); });
  }

  imagehub::Ticket send(common::Message given, const std::string& connection = "a", bool sender_waits = true) {
    imagehub::Received received;
    received.sender_waits = sender_waits;
    received.message = std::make_shared<const common::Message>(std::move(given));
    received.monotonic_ns = clock.monotonic_ns();
    received.connection = connection;
    received.ticket = ++last_ticket_;
    filing->submit(std::move(received));
    return last_ticket_;
  }

  /// "stored", "retry: reason", "reject: reason"
  std::string outcome(imagehub::Ticket ticket) {
    const imagehub::Outcome got = outcomes.wait(ticket);
    if (got.kind == imagehub::Outcome::Kind::stored) return "stored";
    if (got.kind == imagehub::Outcome::Kind::dropped) return "dropped: " + got.reason;
    return (got.kind == imagehub::Outcome::Kind::retry ? "retry: " : "reject: ") + got.reason;
  }

  /// From now on no picture can be written: .incoming is a file.
  void break_store() {
    std::filesystem::rename(incoming(), data() / "aside");
    write_file(incoming(), {});
  }
  void mend_store() {
    std::filesystem::remove(incoming());
    std::filesystem::rename(data() / "aside", incoming());
  }

  /// Sequence numbers of a table's rows, in the order of commit.
  std::vector<std::int64_t> seqs(const std::string& table, std::uint64_t boot = kBoot) {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(
        db, "SELECT seq FROM " + table + " t JOIN boots b ON b.id = t.boot_id WHERE b.boot = ? ORDER BY t.id");
    query.bind(1, static_cast<std::int64_t>(boot));
    std::vector<std::int64_t> found;
    while (query.executeStep()) found.push_back(query.getColumn(0).getInt64());
    return found;
  }

  common::Liveness liveness;
  Outcomes outcomes;
  std::unique_ptr<imagehub::Filing> filing;

 private:
  int writers_;
  imagehub::Ticket last_ticket_ = 0;
};
