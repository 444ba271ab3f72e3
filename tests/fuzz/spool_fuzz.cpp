// A node's spool that was damaged: it is opened, gives only messages that are whole, and keeps what is put into it; or
// it is refused, and what is salvaged from it is whole too and finds room in a new one.

#include "imagenode/link/spool.hpp"

#include <functional>
#include <set>
#include <stdexcept>
#include <vector>

#include "common/crc32c.hpp"
#include "damaged_file.hpp"
#include "fake_clock.hpp"
#include "fuzz.hpp"
#include "imagenode/link/spool_row.hpp"
#include "imagenode/link/spool_salvage.hpp"

using common::DeliveryClass;
using fuzz::require;
using imagenode::Identity;
using imagenode::Spool;

namespace {

constexpr std::uint64_t kBoot = 0xF000000000000001;
constexpr std::size_t kMaxMessages = 4;
constexpr std::size_t kMaxBytes = 20'000;
constexpr DeliveryClass kClasses[] = {DeliveryClass::event, DeliveryClass::data, DeliveryClass::image};

common::MessagePtr message(std::uint64_t boot, std::uint64_t seq, const std::string& text, std::size_t payload_bytes) {
  auto made = std::make_shared<common::Message>();
  made->text = text;
  made->node = "Barn";
  made->boot = boot;
  made->seq = seq;
  made->time_ns = 1'795'168'800'000'000'000;
  made->monotonic_ns = 1'000'000'000 + static_cast<std::int64_t>(seq);
  made->clock_synchronised = seq % 2 == 0;
  made->fields["n"] = 0.5;
  made->content = "text/csv";
  made->payload = common::Payload(common::Bytes(payload_bytes, static_cast<std::uint8_t>(seq)));
  if (imagenode::class_of(*made) == DeliveryClass::image) {
    made->array = common::ArrayForm{"uint8", {static_cast<std::int64_t>(payload_bytes)}};
  }
  made->crc = common::crc32c(made->payload.view());
  return made;
}

/// A few of each class; one picture is larger than a page of the database.
std::vector<imagenode::SpoolRow> some_rows(std::uint64_t boot, std::uint64_t first) {
  return {{message(boot, first, "Barn door|motion|moving", 0), true},
          {message(boot, first + 1, "Barn|data", 300), true},
          {message(boot, first + 2, "Barn door|image", 9'000), true},
          {message(boot, first + 3, "Barn door|image", 20), false}};
}

class Fixture {
 public:
  Fixture() {
    {
      Spool spool = open(kBoot);
      spool.append(some_rows(kBoot, 1));
      seed_.add_state();
    }
    seed_.add_state();
  }

  void damage(FuzzedDataProvider& input) const {
    seed_.damage(input,
                 {"messages.class", "messages.boot_id", "messages.seq", "messages.late", "messages.kernel_id",
                  "messages.monotonic_ns", "messages.bytes", "messages.payload_id", "messages.metadata", "boots.boot",
                  "boots.id", "kernels.id", "kernels.utc_offset_ns", "payloads.id", "payloads.payload"});
  }
  Spool open(std::uint64_t boot) { return {disk_, seed_.path(), boot, kernel(boot), clock_}; }
  imagenode::SpoolLosses salvage(std::uint64_t boot, const imagenode::SalvageTaker& take) {
    return imagenode::salvage_spool(disk_, seed_.path(), kernel(boot), clock_, take);
  }
  /// An empty one for what was salvaged.
  Spool open_fresh(std::uint64_t boot) {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(std::filesystem::path(fresh_) += end);
    return {disk_, fresh_, boot, kernel(boot), clock_};
  }

 private:
  static std::string kernel(std::uint64_t boot) { return "kernel-" + std::to_string(boot); }

  common::Disk disk_;
  FakeClock clock_;
  fuzz::DamagedFile seed_{"spool"};
  std::filesystem::path fresh_ = seed_.path().string() + ".fresh";
};

void check(const common::MessagePtr& message, DeliveryClass delivery_class, const std::set<Identity>& skip) {
  require(message != nullptr && message->crc == common::crc32c(message->payload.view()), "a message is whole");
  require(message->boot && message->seq && *message->seq > 0, "a message has its identity");
  require(imagenode::class_of(*message) == delivery_class, "a message is of the class that was asked for");
  require(!skip.contains(imagenode::identity_of(*message)), "what is under way is not given again");
}

std::set<Identity> read(Spool& spool, DeliveryClass delivery_class, const std::set<Identity>& skip) {
  std::set<Identity> found;
  for (const auto order : {Spool::Order::oldest_first, Spool::Order::newest_first}) {
    const auto messages = spool.read(delivery_class, order, skip, kMaxMessages, kMaxBytes);
    require(messages.size() <= kMaxMessages, "no more messages than asked for");
    for (const auto& message : messages) {
      check(message, delivery_class, skip);
      found.insert(imagenode::identity_of(*message));
    }
  }
  return found;
}

void use(Spool& spool, std::uint64_t first) {
  for (const DeliveryClass delivery_class : kClasses) {
    auto found = read(spool, delivery_class, {});
    auto damaged = ~spool.damaged();
    for (int again = 0; again < 10 && spool.damaged() != damaged; ++again) {
      damaged = spool.damaged();
      found = read(spool, delivery_class, {});
    }
    require(spool.damaged() == damaged, "a row that cannot be read is removed");
    read(spool, delivery_class, found);
    for (const Identity& identity : spool.oldest(delivery_class, 100, found)) {
      require(!found.contains(identity), "what is under way does not give way");
    }
    spool.oldest(delivery_class, 100, {});
  }
  auto rows = some_rows(kBoot + 1, first);
  spool.append(rows);
  rows.back().late = true;
  spool.append({rows.back(), rows.front()});
  const auto events = read(spool, DeliveryClass::event, {{kBoot, 1}});
  require(events.contains({kBoot + 1, first}) || spool.counts().total() > kMaxMessages, "what was put in comes back");
  spool.set_aside(*message(kBoot, 3, "Barn door|image", 9'000), "wrong crc");
  spool.remove({{kBoot, 1}, {kBoot, 2}, {kBoot, 3}, {kBoot, 4}, {kBoot + 1, first}});
  spool.remove({{kBoot + 1, first + 1}, {kBoot + 1, first + 2}, {kBoot + 1, first + 3}});
  spool.shrink();
  const imagenode::SpoolCounts& counts = spool.counts();
  require(counts.total() > 0 || counts.bytes == 0, "nothing has no bytes");
}

/// What a node does with a spool that was refused. The disk may end it in the middle: then it is done again.
void salvage(Fixture& fixture, bool disk_fails) {
  std::vector<imagenode::SpoolRow> rows;
  std::vector<imagenode::SetAside> set_aside;
  imagenode::SalvageTaker take;
  take.message = [&](const imagenode::SpoolRow& row) {
    check(row.message, imagenode::class_of(*row.message), {});
    if (disk_fails) throw std::runtime_error("the disk fails");
    rows.push_back(row);
  };
  take.set_aside = [&](const imagenode::SetAside& one) { set_aside.push_back(one); };
  try {
    fixture.salvage(kBoot + 1, take);
  } catch (const std::runtime_error&) {
    require(disk_fails, "a salvage takes what it can get");
    return;
  }
  if (rows.empty() && set_aside.empty()) return;
  Spool fresh = fixture.open_fresh(kBoot + 1);
  fresh.append(rows);
  fresh.copy(set_aside);
  std::set<Identity> identities;
  for (const auto& row : rows) identities.insert(imagenode::identity_of(*row.message));
  require(fresh.counts().total() == identities.size(), "what was salvaged is in the new spool");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  FuzzedDataProvider input(data, size);
  const auto first = input.ConsumeIntegralInRange<std::uint64_t>(1, 20);
  fixture.damage(input);
  const bool disk_fails = input.ConsumeIntegralInRange(0, 7) == 7;
  try {
    Spool spool = fixture.open(kBoot + 1);
    use(spool, first);
  } catch (const std::runtime_error&) {
    salvage(fixture, disk_fails);
  }
  return 0;
}
