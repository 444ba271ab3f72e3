#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "catch.hpp"
#include "imagehub/care/data_directory.hpp"
#include "imagehub/care/salvage.hpp"
#include "unit/imagehub/filing_kit.hpp"

/// A data directory that was filed into, for those who look after it.
class CareKit : public FilingKit {
 public:
  imagehub::DataDirectory directory() const { return {data()}; }

  /// A picture, a chunk of rows or an event, through write and commit.
  void commit(common::Message given) {
    imagehub::Candidate made;
    const bool event =
        delivery_class(common::kind_of(given.text, given.boot.has_value())) == common::DeliveryClass::event;
    made.message = std::make_shared<const common::Message>(std::move(given));
    made.monotonic_ns = clock.monotonic_ns();
    if (!event) committer->write(made, "incoming." + std::to_string(++last_));
    committer->commit({&made});
  }
  /// As a clean stop leaves it, for the next one to open.
  void close() {
    committer->catch_up();
    committer.reset();
    batches.reset();
    index.reset();
  }
  /// The index loses what `sql` does, and is found damaged by a new start.
  void salvage(const std::string& sql) {
    close();
    SQLite::Database(directory().index().string(), SQLite::OPEN_READWRITE).exec(sql);
    imagehub::mark_damaged(disk, directory(), "told by a test");
    REQUIRE(imagehub::salvage_if_damaged(disk, directory(), imagehub::Durability::synced, clock));
    open();
    committer->recover();
  }
  std::int64_t number(const std::string& query) const {
    SQLite::Database db(directory().index().string(), SQLite::OPEN_READONLY);
    return db.execAndGet(query).getInt64();
  }

 private:
  int last_ = 0;
};

inline const imagehub::Progress kNoProgress = [](const char*, std::uint64_t, std::uint64_t) {};
