#include "imagehub/filing/disk_watch.hpp"

#include "unit/imagehub/disk_of_size.hpp"
#include "unit/imagehub/filing_hub.hpp"

using namespace imagehub;
using Texts = std::vector<std::string>;

namespace {

/// A hub at work, and what is told of its disk.
struct Watched {
  Texts told() {
    // What it has asked for is done when this is.
    hub.filing->between_groups([] {});
    const std::lock_guard lock(mutex);
    return std::exchange(texts, {});
  }

  std::mutex mutex;
  Texts texts;
  DiskOfSize disk_ahead;
  Hub hub;
  Forecast forecast{{}, *hub.index, disk_ahead, hub.data(), hub.clock};
  DiskWatch watch{*hub.reserve, forecast, *hub.filing, hub.clock, [this](const std::string& text) {
                    const std::lock_guard lock(mutex);
                    texts.push_back(text);
                  }};
};

}  // namespace

TEST_CASE("a full disk is told once, and so is its end, when those who wait go on") {
  Watched watched;
  watched.watch.tell_full();
  CHECK(watched.told().empty());
  watched.hub.disk.fill();
  const Ticket ticket = watched.hub.send(plain_message("Barn|jpg"));
  watched.hub.outcomes.wait_until_waiting(ticket);
  for (int look = 0; look < 2; ++look) watched.watch.tell_full();
  CHECK(watched.told() == Texts{"imagehub|disk|full"});
  watched.hub.disk.free();
  for (int look = 0; look < 2; ++look) watched.watch.tell_full();
  CHECK(watched.told() == Texts{"imagehub|disk|space again"});
  CHECK(watched.hub.outcome(ticket) == "stored");
}

TEST_CASE("how long the disk will do is measured once a minute") {
  Watched watched;
  CHECK(watched.hub.outcome(watched.hub.send(message(kBoot, 1))) == "stored");
  watched.disk_ahead.free_bytes = 1;
  watched.watch.look_ahead();
  CHECK(watched.told() == Texts{"imagehub|disk|full in 1 day"});
  watched.disk_ahead.free_bytes = 500'000'000'000;
  watched.hub.clock.advance(59 * common::kSecond);
  watched.watch.look_ahead();
  watched.told();
  REQUIRE(watched.forecast.status().days_left);
  CHECK(*watched.forecast.status().days_left < 1.0);
  watched.hub.clock.advance(common::kSecond);
  watched.watch.look_ahead();
  watched.told();
  CHECK(*watched.forecast.status().days_left > 1.0);
}
