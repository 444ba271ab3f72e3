#include "hub_on_memory_disk.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "imagehub/care/check.hpp"

using common::cat;

namespace {

const std::filesystem::path kData = "/data";
constexpr std::uint64_t kReserveBytes = 0;

using Identity = imagehub::Identity;
using ByIdentity = std::map<Identity, common::MessagePtr>;

/// Makes the folder that the hub's installation makes.
const std::filesystem::path& prepared(MemoryDisk& disk) {
  if (disk.make_folder(kData)) disk.sync_folder("/");
  return kData;
}

common::Bytes content(MemoryDisk& disk, const std::filesystem::path& path) {
  if (!common::exists(disk, path)) return {};
  const auto file = disk.open(path, common::OpenMode::read);
  common::Bytes bytes(file->size());
  file->read(0, bytes);
  return bytes;
}

/// Each identity once and in order: seq rises within each boot.
class Order {
 public:
  void check(const Identity& identity) {
    CHECK(identity.seq > last_[identity.boot]);
    last_[identity.boot] = identity.seq;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> last_;
};

Identity identity_in(SQLite::Statement& row) {
  return {static_cast<std::uint64_t>(row.getColumn(0).getInt64()),
          static_cast<std::uint64_t>(row.getColumn(1).getInt64())};
}

void check_images(MemoryDisk& disk, SQLite::Database& index, ByIdentity expected) {
  SQLite::Statement rows(index,
                         "SELECT b.boot, i.seq, i.text, i.path FROM images i JOIN boots b ON b.id = i.boot_id "
                         "ORDER BY i.id");
  Order order;
  std::set<std::string> paths;
  while (rows.executeStep()) {
    const Identity identity = identity_in(rows);
    order.check(identity);
    const std::string path = rows.getColumn(3).getString();
    paths.insert(path);
    REQUIRE(expected.contains(identity));
    const auto sent = expected.extract(identity).mapped();
    CHECK(rows.getColumn(2).getString() == sent->text);
    const auto payload = sent->payload.view();
    CHECK(content(disk, kData / "images" / path) == common::Bytes(payload.begin(), payload.end()));
  }
  CHECK(expected.empty());
  std::set<std::string> files;
  for (const auto& day : disk.list(kData / "images")) {
    if (day == ".incoming") continue;
    for (const auto& name : disk.list(kData / "images" / day)) files.insert(cat(day, '/', name));
  }
  CHECK(files == paths);
  CHECK(disk.list(kData / "images/.incoming").empty());
}

void check_events(MemoryDisk& disk, SQLite::Database& index, ByIdentity expected) {
  const imagehub::EventLog log(disk, kData / "logs");
  SQLite::Statement rows(index,
                         "SELECT b.boot, e.seq, e.text, e.time_ns, e.log_day, e.log_offset FROM events e "
                         "JOIN boots b ON b.id = e.boot_id ORDER BY e.id");
  Order order;
  while (rows.executeStep()) {
    const Identity identity = identity_in(rows);
    order.check(identity);
    REQUIRE(expected.contains(identity));
    const std::string text = rows.getColumn(2).getString();
    CHECK(text == expected.extract(identity).mapped()->text);
    const imagehub::LogPosition place{rows.getColumn(4).getString(), rows.getColumn(5).getInt64()};
    CHECK(log.holds(place, imagehub::EventLog::line(rows.getColumn(3).getInt64(), text)));
  }
  CHECK(expected.empty());
}

common::MessagePtr test_message(std::size_t number) {
  const bool is_event = number % 3 == 0;
  auto message = std::make_shared<common::Message>();
  message->boot = 7 + number % 2;
  message->seq = 1 + number / 2;
  message->node = "Barn";
  message->text = cat(is_event ? "Barn|event|" : "Barn door|jpg|", number);
  message->payload = common::Payload(common::Bytes(is_event ? 0 : 700 + number, static_cast<std::uint8_t>(number)));
  message->crc = common::crc32c(message->payload.view());
  return message;
}

}  // namespace

HubOnMemoryDisk::HubOnMemoryDisk(MemoryDisk& disk, const common::Clock& clock,
                                 const imagehub::BatchSettings& batch_settings)
    : index(disk, prepared(disk) / "index.sqlite3", imagehub::Durability::synced),
      store(disk, kData / "images", true),
      log(disk, kData / "logs"),
      reserve(disk, kData / ".reserve", kReserveBytes),
      nodes(clock, 600 * common::kSecond, index.nodes()),
      batch_store(disk, kData / "data", true),
      batches(batch_settings, index, batch_store, reserve, clock),
      committer({}, index, store, log, reserve, nodes, batches, clock) {
  committer.recover();
}

void put_empty_hub(MemoryDisk& disk) {
  static const FakeClock clock;
  static const auto ready = [] {
    auto made = std::make_unique<MemoryDisk>(clock);
    HubOnMemoryDisk(*made, clock);
    return made;
  }();
  disk.become_like(*ready);
}

void check_contract(MemoryDisk& disk, const common::Clock& clock, const std::vector<common::MessagePtr>& messages) {
  disk.no_more_faults();
  disk.restart();
  HubOnMemoryDisk(disk, clock);
  SQLite::Database index((kData / "index.sqlite3").string(), SQLite::OPEN_READWRITE, 0, disk.sqlite_vfs());
  CHECK(index.execAndGet("PRAGMA integrity_check").getString() == "ok");
  ByIdentity images;
  ByIdentity events;
  for (const auto& message : messages) {
    (message->payload.empty() ? events : images).emplace(*imagehub::identity_of(*message), message);
  }
  check_images(disk, index, std::move(images));
  check_events(disk, index, std::move(events));
  check_by_program(disk, clock);
}

void check_by_program(MemoryDisk& disk, const common::Clock& clock) {
  const auto report =
      imagehub::check(disk, {kData}, imagehub::CheckLevel::content, false, clock, [](const char*, auto, auto) {});
  // Nothing lies there but what the hub filed, however old its clock makes it look.
  for (const auto& found : report.found) {
    for (const auto& one : found) FAIL_CHECK(one.what << ": " << one.detail);
  }
  CHECK(report.unfinished_rows == 0);
}

std::vector<common::MessagePtr> test_messages(std::size_t count) {
  std::vector<common::MessagePtr> messages;
  for (std::size_t i = 0; i < count; ++i) messages.push_back(test_message(i));
  return messages;
}
