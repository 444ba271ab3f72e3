// An index that was damaged, of today's format or of the first one: it is opened or refused, and whatever its tables
// answer, the program goes on. What was committed into one that SQLite finds whole is known after the next start.

#include "imagehub/index/index.hpp"

#include <iterator>
#include <set>
#include <stdexcept>

#include "common/database.hpp"
#include "damaged_file.hpp"
#include "fuzz.hpp"
#include "imagehub/index/batch_deletions.hpp"
#include "imagehub/index/batch_rows.hpp"
#include "imagehub/index/clock_spans.hpp"
#include "imagehub/index/command_table.hpp"
#include "imagehub/index/deletions.hpp"
#include "imagehub/index/growth.hpp"
#include "imagehub/index/index_reader.hpp"
#include "imagehub/index/newest_event.hpp"
#include "imagehub/index/newest_images.hpp"
#include "imagehub/index/schema.hpp"
#include "imagehub/index/seq_ranges.hpp"

using fuzz::require;
using imagehub::BatchRow;
using imagehub::EventRow;
using imagehub::Identity;
using imagehub::ImageRow;
using imagehub::Index;

namespace {

constexpr std::uint64_t kBoot = 0xF000000000000001;
constexpr std::int64_t kTime = 1'795'168'800'000'000'000;
constexpr std::int64_t kDay = 86'400'000'000'000;

template <typename Row>
Row row_of(std::uint64_t boot, std::uint64_t seq) {
  Row row;
  row.identity = Identity{boot, seq};
  row.node = "Barn";
  row.view = "door";
  row.text = "Barn door|jpg";
  row.time_ns = row.received_ns = kTime;
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
  index.add({boot, first + 6}, {"Barn|data", 7});
  index.save({"Barn", 1, 2, "imagenode/1", "pi", 60, false, 3, 4, 5});
  transaction.commit();
}

/// What came without a message of its own.
void add_adopted(Index& index) {
  Index::Transaction transaction(index);
  auto image = row_of<ImageRow>(0, 0);
  auto event = row_of<EventRow>(0, 0);
  image.identity = event.identity = std::nullopt;
  image.adopted = event.adopted = true;
  image.path = "2026-11-20/old.jpg";
  index.add(image);
  index.add(event);
  transaction.commit();
}

/// What else a hub keeps: batches of rows in each state, commands, spans of an unset clock.
void add_the_rest(Index& index) {
  Index::Transaction transaction(index);
  imagehub::BatchRows batches(index);
  for (const auto state :
       {imagehub::BatchState::open, imagehub::BatchState::complete, imagehub::BatchState::deleting}) {
    BatchRow row;
    row.state = state;
    row.batch.node = "Barn";
    row.batch.source = "arduino";
    row.batch.boot = kBoot;
    row.batch.header = "ID,Timestamp,pressure (cmH2O)";
    row.batch.time_ns = row.batch.first_ns = row.batch.last_ns = row.received_ns = kTime;
    row.batch.files = {{"a.csv", 400, 12'000, "f00d"}, {"b.csv", 2, 60, ""}};
    if (state == imagehub::BatchState::open) row.incoming = "batch-1";
    batches.save(row);
  }
  imagehub::CommandTable commands(index);
  commands.save({7, "Barn", "SendFrames 10", common::CommandRecord::State::pending, "", kTime});
  commands.save({8, "Barn", "Still", common::CommandRecord::State::failed, "no camera", kTime});
  imagehub::ClockSpans spans(index);
  for (const char* table : {"images", "events", "batches"}) {
    imagehub::ClockSpan span{0, table, 1, 3, kTime, kTime, kDay};
    spans.save(span);
  }
  transaction.commit();
}

class Fixture {
 public:
  Fixture() {
    {
      Index index = open();
      add_group(index, kBoot, 1);
      add_adopted(index);
      add_the_rest(index);
      seed_.add_state();
    }
    seed_.add_state();
    fuzz::fs::remove(seed_.path());
    add_first_format();
  }

  void damage(FuzzedDataProvider& input) const {
    seed_.damage(input, {"images.id",
                         "images.boot_id",
                         "images.seq",
                         "images.time_ns",
                         "images.bytes",
                         "images.path",
                         "events.id",
                         "events.boot_id",
                         "events.log_offset",
                         "identities.low",
                         "identities.high",
                         "identities.boot_id",
                         "boots.id",
                         "boots.boot",
                         "meta.value",
                         "nodes.images",
                         "images.received_ns",
                         "chunks.id",
                         "chunks.seq",
                         "batches.id",
                         "batches.number",
                         "batches.state",
                         "batches.bytes",
                         "batches.received_ns",
                         "batch_files.bytes",
                         "batch_totals.bytes",
                         "batch_days.day",
                         "image_days.bytes",
                         "image_totals.images",
                         "commands.id",
                         "commands.state",
                         "clock_spans.first_row",
                         "clock_spans.last_row",
                         "clock_spans.shift_ns"});
  }
  Index open() { return {disk_, seed_.path(), imagehub::Durability::written}; }

  imagehub::IndexReader reader() { return {disk_, seed_.path()}; }

  bool is_whole() const {
    SQLite::Database db(seed_.path().string(), SQLite::OPEN_READONLY);
    return db.execAndGet("PRAGMA integrity_check(1)").getString() == "ok";
  }

 private:
  /// As a hub of long ago left it.
  void add_first_format() {
    SQLite::Database old =
        common::open_database(disk_, seed_.path(), common::Synchronous::off, {*imagehub::kSchema.begin()});
    old.exec("INSERT INTO boots VALUES (1, 7)");
    old.exec("INSERT INTO identities VALUES (1, 3, 9)");
    old.exec(
        "INSERT INTO images VALUES (1, 1, 3, 'Barn', '', '', 'Barn|jpg', 5, 6, NULL, 0, 7, '', '', 'a.jpg', 8, 9, '')");
    seed_.add_state();
  }

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
  index.find_adopted_image("2026-11-20/old.jpg");
  index.find_adopted_event("Barn door|jpg", kTime);
  newest_event(index, 0, [](const EventRow& row) { return row.text.empty(); });
  newest_images(index, finished.image_id, 3);
}

void read_the_rest(Index& index) {
  imagehub::BatchRows batches(index);
  for (const BatchRow& row : batches.unfinished()) batches.last_number(row.batch);
  imagehub::BatchDeletions old_batches(index);
  for (const auto& total : old_batches.totals(10)) old_batches.oldest(total.node, total.adopted, 10);
  old_batches.marked();
  imagehub::Deletions deletions(index);
  for (const auto& total : deletions.totals(nullptr, 10)) {
    deletions.totals(&total, 10);
    deletions.oldest(total.node, total.adopted, INT64_MAX, INT64_MAX, 10);
  }
  deletions.garbage();
  deletions.newest_received_ns();
  imagehub::Growth growth(index);
  growth.images(0, kTime / kDay);
  growth.rows(0, kTime / kDay);
  growth.stored_images(true);
  growth.stored_rows(true);
  growth.start_ns();
  growth.told();
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

/// What retention, commands and a clock that is set do.
void change_the_rest(Index& index) {
  {
    Index::Transaction transaction(index);
    imagehub::ClockSpans spans(index);
    for (const auto& span : spans.all()) spans.shift_some(span, 2);
    imagehub::CommandTable commands(index);
    for (const auto& command : commands.all()) commands.remove(command.id);
    imagehub::Deletions deletions(index);
    for (const auto& image : deletions.oldest("Barn", false, INT64_MAX, INT64_MAX, 1)) deletions.to_garbage(image);
    deletions.spare_adopted();
    for (const auto& path : deletions.garbage()) deletions.forget_garbage(path);
    imagehub::BatchDeletions old_batches(index);
    for (const auto& batch : old_batches.oldest("Barn", false, 1)) old_batches.mark(batch.id);
    imagehub::BatchRows batches(index);
    for (const auto& batch : old_batches.marked()) batches.remove(batch.id);
    for (BatchRow& row : batches.unfinished()) batches.save(row);
    transaction.commit();
  }
  imagehub::Growth(index).remember(index, 1, kTime / kDay);
}

/// What `imagehub check` reads.
void check(imagehub::IndexReader reader) {
  reader.created_ns();
  reader.finished();
  reader.each_image(0, INT64_MAX, [&](const ImageRow& row) { reader.image(row.id); });
  reader.each_event(0, INT64_MAX, [&](const EventRow& row) { reader.event(row.id); });
  reader.each_batch([](const BatchRow& row) { row.batch.bytes(); });
  reader.images();
  reader.events();
  reader.images_without_crc();
  reader.node_views();
  reader.garbage();
  reader.damage();
}

/// What a start and a minute of a hub do. True when a group was committed.
bool use(Fixture& fixture, std::uint64_t first) {
  try {
    Index index = fixture.open();
    read_all(index);
    read_the_rest(index);
    check(fixture.reader());
    change(index);
    change_the_rest(index);
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
