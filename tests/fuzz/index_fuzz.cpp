// An index that was damaged: it is opened or refused, and whatever it answers, the program goes on. What was committed
// into one that SQLite finds whole is known after the next start.

#include "imagehub/index/index.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <iterator>
#include <set>
#include <stdexcept>

#include "damaged_file.hpp"
#include "fuzz.hpp"
#include "imagehub/index/seq_ranges.hpp"

using fuzz::require;
using imagehub::EventRow;
using imagehub::Identity;
using imagehub::ImageRow;
using imagehub::Index;

namespace {

constexpr std::uint64_t kBoot = 0xF000000000000001;

template <typename Row>
Row row_of(std::uint64_t boot, std::uint64_t seq) {
  Row row;
  row.identity = Identity{boot, seq};
  row.node = "Barn";
  row.view = "door";
  row.text = "Barn door|jpg";
  row.time_ns = row.received_ns = 1'795'168'800'000'000'000;
  return row;
}

void add_group(Index& index, std::uint64_t boot, std::uint64_t first) {
  Index::Transaction transaction(index);
  for (std::uint64_t seq = first; seq < first + 3; ++seq) {
    ImageRow row = row_of<ImageRow>(boot, seq);
    row.path = "2026-11-20/" + std::to_string(seq) + ".jpg";
    index.add(row);
  }
  EventRow row = row_of<EventRow>(boot, first + 4);  // with a gap: two ranges
  index.add(row);
  ImageRow plain = row_of<ImageRow>(boot, first);  // of a sender without boot
  plain.identity.reset();
  plain.clock_error_us = 350;
  index.add(plain);
  index.save({"Barn", 1, 2, "imagenode/1", "pi", 60, false, 3, 4, 5});
  transaction.commit();
}

class Fixture {
 public:
  Fixture() {
    {
      Index index = open();
      add_group(index, kBoot, 1);
      seed_.add_state();
    }
    seed_.add_state();
  }

  void damage(FuzzedDataProvider& input) const {
    seed_.damage(input, {"images.id", "images.boot_id", "images.seq", "images.time_ns", "images.bytes", "images.path",
                         "events.id", "events.boot_id", "events.log_offset", "identities.low", "identities.high",
                         "identities.boot_id", "boots.id", "boots.boot", "meta.value", "nodes.images"});
  }
  Index open() { return {disk_, seed_.path(), imagehub::Durability::written}; }

  bool is_whole() const {
    SQLite::Database db(seed_.path().string(), SQLite::OPEN_READONLY);
    return db.execAndGet("PRAGMA integrity_check(1)").getString() == "ok";
  }

 private:
  common::Disk disk_;
  fuzz::DamagedFile seed_{"index"};
};

void read_all(Index& index) {
  index.hub_id();
  index.contains({kBoot, 2});
  index.find({kBoot, 2});
  index.count(kBoot, 3);
  index.salvage_report();
  index.find({kBoot, 5});
  const auto finished = index.finished();
  index.unfinished_images();
  index.unfinished_events(finished.event_id);
  index.images_received_since(0);
  index.has_own_event("Max images written. Writing stopped.", 0);
  index.nodes();
  index.find_adopted_image("2026-11-20/1.jpg");
  index.find_adopted_event("Barn door|jpg", 1'795'168'800'000'000'000);
}

void change(Index& index) {
  index.clear_salvage_report();
  for (const ImageRow& row : index.unfinished_images()) {
    Index::Transaction transaction(index);
    index.move_image(row.id, "elsewhere.jpg");
    index.identify(row);
    index.remove_image(row.id);
    index.remove_unfinished(row);
  }  // undone: nothing is committed
  for (const EventRow& row : index.unfinished_events(0)) {
    Index::Transaction transaction(index);
    index.identify(row);
    index.move_line(row.id, "2026-11-20", 17);
    index.set_finished({0, row.id});
    transaction.commit();
  }
}

/// What a start and a minute of a hub do. True when a group was committed.
bool use(Fixture& fixture, std::uint64_t first) {
  try {
    Index index = fixture.open();
    read_all(index);
    change(index);
    add_group(index, kBoot, first);
    require(index.contains({kBoot, first}) && index.contains({kBoot, first + 4}), "what was committed is known");
    add_group(index, kBoot + 1, 1);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

/// Ranges, as damaged rows of an index give them to a salvage, behave as a set of numbers.
void check_ranges(FuzzedDataProvider& input) {
  imagehub::SeqRanges ranges;
  std::set<std::uint64_t> numbers;
  for (int left = 8; left > 0 && input.remaining_bytes() > 0; --left) {
    const auto low = input.ConsumeIntegralInRange<std::uint64_t>(1, 60);
    const auto high = input.ConsumeIntegralInRange<std::uint64_t>(low, 64);
    switch (input.ConsumeIntegralInRange(0, 2)) {
      case 0:
        ranges.insert(low);
        numbers.insert(low);
        break;
      case 1:
        ranges.insert(low, high);
        for (auto number = low; number <= high; ++number) numbers.insert(number);
        break;
      default:
        ranges.erase(low);
        numbers.erase(low);
    }
    for (std::uint64_t number = 0; number <= 65; ++number) {
      require(ranges.contains(number) == numbers.contains(number), "ranges hold what was put into them");
    }
    const auto up_to = static_cast<std::uint64_t>(std::distance(numbers.begin(), numbers.upper_bound(high)));
    require(ranges.count_to(high) == up_to, "ranges count what they hold");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  FuzzedDataProvider input(data, size);
  const auto first = input.ConsumeIntegralInRange<std::uint64_t>(1, 20);
  fixture.damage(input);
  check_ranges(input);
  if (!use(fixture, first)) return 0;
  try {
    if (!fixture.is_whole()) return 0;
    Index index = fixture.open();
    require(index.contains({kBoot, first}) && index.contains({kBoot + 1, 1}), "and after the next start");
  } catch (const std::runtime_error&) {
    // Damage that shows only now.
  }
  return 0;
}
