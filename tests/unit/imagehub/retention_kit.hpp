#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "imagehub/filing/retention.hpp"
#include "unit/imagehub/disk_of_size.hpp"
#include "unit/imagehub/filing_kit.hpp"

/// For tests of what retention deletes. To be included by one .cpp file each.
using namespace imagehub;
using Texts = std::vector<std::string>;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;
constexpr std::int64_t kHour = 3600 * common::kSecond;
constexpr std::int64_t kDay = 24 * kHour;

/// A hub without threads whose pictures are `kBytes` large.
class Hub : public FilingKit {
 public:
  static constexpr std::size_t kBytes = 100'000;

  explicit Hub(RetentionSettings settings) : settings_(std::move(settings)) { make_retention(); }

  void store(const std::string& node, std::uint64_t seq) {
    common::Bytes bytes = common::encode_jpeg(common::Image::make(16, 16, 1));
    bytes.resize(kBytes);
    bytes[kBytes - 1] = static_cast<std::uint8_t>(seq);
    Candidate made;
    made.message =
        std::make_shared<const common::Message>(message(kBoot, seq, node + "|jpg", common::Payload(std::move(bytes))));
    made.monotonic_ns = clock.monotonic_ns();
    committer->write(made, "incoming." + std::to_string(seq));
    committer->commit({&made});
    REQUIRE_FALSE(made.refused);
  }
  /// Nodes take turns, an image an hour.
  void store_hourly(const Texts& names, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      clock.advance(kHour);
      store(names[i % names.size()], ++seq_);
    }
  }
  void look() {
    clock.advance(5 * common::kSecond);
    while (retention->step([](const auto& task) { task(); })) {
    }
  }
  void restart_all() {
    retention.reset();
    restart();
    make_retention();
    retention->recover();
  }
  std::vector<std::int64_t> seqs() { return numbers("SELECT seq FROM images ORDER BY seq"); }
  std::int64_t count(const std::string& table) { return numbers("SELECT count(*) FROM " + table).at(0); }
  void exec(const std::string& sql) {
    SQLite::Database((data() / "index.sqlite3").string(), SQLite::OPEN_READWRITE).exec(sql);
  }

  std::vector<std::int64_t> numbers(const std::string& sql) {
    SQLite::Database db((data() / "index.sqlite3").string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, sql);
    std::vector<std::int64_t> found;
    while (query.executeStep()) found.push_back(query.getColumn(0).getInt64());
    return found;
  }

  DiskOfSize test_disk;
  std::unique_ptr<Retention> retention;

 private:
  void make_retention() {
    retention = std::make_unique<Retention>(
        settings_, Retention::Parts{*index, *FilingKit::store, *batch_store, *committer, *reserve, test_disk, clock});
  }

  RetentionSettings settings_;
  std::uint64_t seq_ = 0;
};

[[maybe_unused]] RetentionSettings keep_days(double days) {
  RetentionSettings settings;
  settings.images.all.keep_days = days;
  return settings;
}
[[maybe_unused]] RetentionSettings max_gb(double gb) {
  RetentionSettings settings;
  settings.images.all.max_gb = gb;
  return settings;
}

[[maybe_unused]] std::vector<std::int64_t> range(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = first; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace
