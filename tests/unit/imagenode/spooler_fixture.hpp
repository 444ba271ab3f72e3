#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fake_clock.hpp"
#include "imagenode/link/spooler.hpp"
#include "imagenode/link/stamper.hpp"
#include "temp_folder.hpp"

/// What the tests of the spool share.
namespace spooler_test {

using namespace imagenode;
using common::DeliveryClass;
using common::kMillisecond;
using common::kSecond;

inline constexpr std::size_t kMegabyte = 1024 * 1024;

inline std::filesystem::path spool_file(const TempFolder& folder) {
  return folder.path() / "state" / "Barn.sqlite3";
}

/// One start of a node: what of it lies between the cameras and the link, and no thread.
struct Start {
  Start(const TempFolder& folder, FakeClock& the_clock, std::uint64_t boot, OutboxSettings settings, int max_mb = 4096)
      : clock(the_clock),
        outbox(settings),
        stamper(boot, clock, {&outbox}),
        spooler({spool_file(folder), max_mb}, boot, outbox, folder.disk, clock,
                [this](const std::string& what) { reports.push_back(what); }) {
    outbox.hub_answers(false, clock.monotonic_ns());
    spooler.work();
  }

  void put(const std::string& text, std::size_t bytes = 300) {
    common::Message message;
    message.text = text;
    message.node = "Barn";
    if (common::kind_of(text, true) == common::Kind::array) {
      message.payload = common::Payload(common::Bytes(bytes, 1));
      message.array = common::ArrayForm{"uint8", {static_cast<std::int64_t>(bytes), 1}};
    }
    stamper.put(std::move(message));
  }
  void put_images(int count, std::size_t bytes = 300) {
    for (int i = 0; i < count; ++i) put("Barn door|image", bytes);
  }
  void outage() {
    clock.advance(11 * kSecond);
    spooler.work();
  }
  void hub_is_back() {
    outbox.hub_answers(true, clock.monotonic_ns());
    spooler.work();
  }

  /// Takes and delivers all of a class and lane, as far as the spool brings it.
  std::vector<common::MessagePtr> deliver(DeliveryClass delivery_class, Lane lane) {
    std::vector<common::MessagePtr> messages;
    while (auto message = outbox.take(delivery_class, lane)) {
      outbox.delivered(identity_of(*message));
      messages.push_back(std::move(message));
      spooler.work();
    }
    return messages;
  }

  FakeClock& clock;
  std::vector<std::string> reports;
  Outbox outbox;
  Stamper stamper;
  Spooler spooler;
};

inline OutboxSettings when(Spooling spooling, std::size_t max_bytes = 64 * kMegabyte) {
  return {max_bytes, spooling, 10 * kSecond, CatchUp::oldest_first};
}

inline std::vector<std::uint64_t> numbers(const std::vector<common::MessagePtr>& messages) {
  std::vector<std::uint64_t> seqs;
  for (const auto& message : messages) seqs.push_back(message->seq.value_or(0));
  return seqs;
}

using Seqs = std::vector<std::uint64_t>;

}  // namespace spooler_test
