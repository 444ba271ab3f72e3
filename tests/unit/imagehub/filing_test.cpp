#include "imagehub/filing/filing.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "catch.hpp"
#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/filing/retention.hpp"
#include "unit/imagehub/filing_hub.hpp"

using namespace imagehub;
using common::kSecond;
namespace fs = std::filesystem;

namespace {

std::vector<std::int64_t> count_to(std::int64_t last) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

/// Pictures of very different sizes, so that writers finish out of order.
common::Payload of_size(std::uint64_t seq) {
  common::Bytes bytes = common::encode_jpeg(common::Image::make(16, 16, 1));
  if (seq % 3 == 0) bytes.resize(bytes.size() + 2'000'000);
  return common::Payload(std::move(bytes));
}

}  // namespace

TEST_CASE("messages of a lane are committed in their order, whichever writer is faster") {
  Hub hub;
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 60; ++seq) {
    tickets.push_back(hub.send(message(kBoot, seq, "Barn|jpg", of_size(seq))));
    tickets.push_back(hub.send(message(kBoot + 1, seq, "Shed|jpg", of_size(seq + 1)), "b"));
  }
  for (const Ticket ticket : tickets) CHECK(hub.outcome(ticket) == "stored");
  CHECK(hub.seqs("images") == count_to(60));
  CHECK(hub.seqs("images", kBoot + 1) == count_to(60));
  CHECK(hub.pictures().size() == 120);
  CHECK(hub.filing->queued_bytes() == 0);
}

TEST_CASE("an event does not wait for the images before it") {
  Hub hub;
  hub.break_store();
  const Ticket image = hub.send(plain_message("Barn|jpg"));
  CHECK(hub.outcome(hub.send(message(kBoot, 2, "Barn|motion|moving"))) == "stored");
  CHECK_FALSE(hub.outcomes.has(image));
  hub.mend_store();
}

TEST_CASE("each message has exactly one outcome") {
  Hub hub;
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 100; ++seq) tickets.push_back(hub.send(message(kBoot, seq / 2 + 1)));
  CHECK(hub.filing->drain(kLong));
  hub.filing.reset();
  for (const Ticket ticket : tickets) CHECK(hub.outcomes.count(ticket) == 1);
  CHECK(hub.pictures().size() == 51);
}

TEST_CASE("a message that comes again while it is filed waits for the outcome of the first") {
  Hub hub;
  const Ticket first = hub.send(message(kBoot, 1, "Barn|jpg", of_size(3)));
  const Ticket again = hub.send(message(kBoot, 1, "Barn|jpg", of_size(3)), "b");
  const Ticket other = hub.send(message(kBoot, 1, "Barn|jpg", picture(99)));
  CHECK(hub.outcome(other) == "reject: identity has other content");
  CHECK(hub.outcome(first) == "stored");
  CHECK(hub.outcome(again) == "stored");
  CHECK(hub.pictures().size() == 1);
}

TEST_CASE("after RETRY n later messages of the lane are held back until n comes again") {
  Hub hub;
  hub.break_store();
  CHECK(hub.outcome(hub.send(message(kBoot, 1))) == "retry: cannot store");
  hub.mend_store();
  CHECK(hub.outcome(hub.send(message(kBoot, 2))) == "retry: an earlier one comes first");
  CHECK(hub.outcome(hub.send(message(kBoot, 3))) == "retry: an earlier one comes first");
  // Another class, lane and boot are not concerned.
  CHECK(hub.outcome(hub.send(message(kBoot, 4, "Barn|event"))) == "stored");
  auto late = message(kBoot, 5);
  late.late = true;
  CHECK(hub.outcome(hub.send(late)) == "stored");
  CHECK(hub.outcome(hub.send(message(kBoot + 1, 2))) == "stored");
  for (std::uint64_t seq = 1; seq <= 3; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq))) == "stored");
  CHECK(hub.seqs("images") == std::vector<std::int64_t>{5, 1, 2, 3});
}

TEST_CASE("what is under way behind a message that fails does not overtake it") {
  Hub hub(1);
  // A folder where the first picture of this boot would be written; the one writer is kept busy until all are there.
  const fs::path in_the_way = hub.incoming() / (common::hex64(kBoot) + "-1.2");
  fs::create_directory(in_the_way);
  common::Bytes large = common::encode_jpeg(common::Image::make(16, 16, 1));
  large.resize(large.size() + 30'000'000);
  hub.send(message(kBoot + 1, 1, "Shed|jpg", common::Payload(std::move(large))), "b");
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 5; ++seq) tickets.push_back(hub.send(message(kBoot, seq)));
  CHECK(hub.outcome(tickets.front()) == "retry: cannot store");
  for (std::size_t i = 1; i < tickets.size(); ++i) {
    CHECK(hub.outcome(tickets[i]) == "retry: an earlier one comes first");
  }
  fs::remove(in_the_way);
  for (std::uint64_t seq = 1; seq <= 5; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq))) == "stored");
  CHECK(hub.seqs("images") == count_to(5));
}

TEST_CASE("a lane is held from the lowest number that failed") {
  Hub hub;
  hub.break_store();
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 8; ++seq) tickets.push_back(hub.send(message(kBoot, seq)));
  for (const Ticket ticket : tickets) CHECK(hub.outcome(ticket).starts_with("retry: "));
  hub.mend_store();
  for (std::uint64_t seq = 8; seq >= 2; --seq) {
    CHECK(hub.outcome(hub.send(message(kBoot, seq))) == "retry: an earlier one comes first");
  }
  for (std::uint64_t seq = 1; seq <= 8; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq))) == "stored");
  CHECK(hub.seqs("images") == count_to(8));
}

TEST_CASE("a held lane goes on with a new connection of its sender") {
  Hub hub;
  hub.break_store();
  hub.outcome(hub.send(message(kBoot, 1)));
  hub.mend_store();
  CHECK(hub.outcome(hub.send(message(kBoot, 2), "a")) == "retry: an earlier one comes first");
  CHECK(hub.outcome(hub.send(message(kBoot, 2), "b")) == "stored");
}

TEST_CASE("what is left of an older connection does not lift the hold of a lane") {
  Hub hub;
  CHECK(hub.outcome(hub.send(message(kBoot, 1), "old")) == "stored");
  hub.break_store();
  CHECK(hub.outcome(hub.send(message(kBoot, 2), "new")) == "retry: cannot store");
  hub.mend_store();
  CHECK(hub.outcome(hub.send(message(kBoot, 3), "old")) == "retry: an earlier one comes first");
  CHECK(hub.outcome(hub.send(message(kBoot, 3), "new")) == "retry: an earlier one comes first");
  for (std::uint64_t seq = 2; seq <= 3; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq), "new")) == "stored");
  CHECK(hub.seqs("images") == count_to(3));
}

TEST_CASE("a full window that fails and is sent again and again ends in order") {
  Hub hub;
  for (int round = 0; round < 20; ++round) {
    hub.break_store();
    for (std::uint64_t seq = 1; seq <= 10; ++seq) hub.send(message(kBoot, seq), std::to_string(round));
    hub.mend_store();
    // A sender that connects anew and sends its window again, while the old one is still under way.
    for (std::uint64_t seq = 1; seq <= 10; ++seq) hub.send(message(kBoot, seq), std::to_string(round) + "b");
    REQUIRE(hub.filing->drain(kLong));
    const auto stored = hub.seqs("images");
    REQUIRE(stored == count_to(static_cast<std::int64_t>(stored.size())));
  }
  for (std::uint64_t seq = 1; seq <= 10; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq), "last")) == "stored");
  CHECK(hub.seqs("images") == count_to(10));
}

TEST_CASE("what no hub can store is rejected, what this one cannot yet is put off") {
  Hub hub;
  auto array = message(kBoot, 1, "Barn|image", common::Payload(common::Bytes(8)));
  array.array = common::ArrayForm{"float64", {1, 1}};
  CHECK(hub.outcome(hub.send(array)) == "reject: not a picture");
  CHECK(hub.outcome(hub.send(message(kBoot, 2, "Barn|data"))) == "reject: not rows");
  CHECK(hub.outcome(hub.send(message(kBoot, 3, "Barn|samples"))) == "reject: not rows");
  auto samples = message(kBoot, 4, "Barn|samples", common::Payload(common::Bytes(999)));
  samples.array = common::ArrayForm{"uint8", {999}};
  CHECK(hub.outcome(hub.send(samples)) == "retry: this hub does not store arrays of more values than a row has");
}

TEST_CASE("over the quota a sender is told, and its lane goes on") {
  Hub hub(2, {.max_images_per_day = 1});
  CHECK(hub.outcome(hub.send(message(kBoot, 1))) == "stored");
  CHECK(hub.outcome(hub.send(message(kBoot, 2))) == "reject: quota");
  CHECK(hub.outcome(hub.send(message(kBoot, 3, "Barn|event"))) == "stored");
}

TEST_CASE("draining waits for all that is under way") {
  Hub hub;
  for (std::uint64_t seq = 1; seq <= 50; ++seq) hub.send(message(kBoot, seq, "Barn|jpg", of_size(seq)));
  CHECK(hub.filing->drain(kLong));
  CHECK(hub.pictures().size() == 50);
}

TEST_CASE("a stop without draining loses nothing that was promised") {
  Hub hub;
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 50; ++seq)
    tickets.push_back(hub.send(message(kBoot, seq, "Barn|jpg", of_size(seq))));
  hub.filing.reset();
  std::size_t promised = 0;
  for (const Ticket ticket : tickets) promised += hub.outcomes.has(ticket) ? 1 : 0;
  hub.restart();
  CHECK(hub.pictures().size() == hub.seqs("images").size());
  CHECK(hub.pictures().size() >= promised);
}

TEST_CASE("each of many senders has its turn") {
  Hub hub;
  std::vector<Ticket> tickets;
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    for (std::uint64_t boot = 1; boot <= 600; ++boot) {
      tickets.push_back(hub.send(message(boot, seq, "Barn|event"), std::to_string(boot)));
    }
  }
  for (const Ticket ticket : tickets) REQUIRE(hub.outcome(ticket) == "stored");
  CHECK(hub.seqs("events", 600) == count_to(3));
}

TEST_CASE("tasks of other threads run between the groups, and what they throw comes back") {
  Hub hub;
  std::vector<Ticket> tickets;
  int done = 0;
  for (std::uint64_t seq = 1; seq <= 50; ++seq) {
    tickets.push_back(hub.send(message(kBoot, seq)));
    hub.filing->soon([&] { ++done; });
    hub.filing->between_groups([&] {
      // The index belongs to the thread that runs this.
      hub.index->contains({kBoot, seq});
      ++done;
    });
  }
  CHECK(done == 100);
  CHECK_THROWS_AS(hub.filing->between_groups([] { throw std::runtime_error("no"); }), std::runtime_error);
  hub.filing->soon([] { throw std::runtime_error("no"); });
  for (const Ticket ticket : tickets) CHECK(hub.outcome(ticket) == "stored");
  CHECK(hub.seqs("images") == count_to(50));
}

TEST_CASE("damage of the index that a task finds is told") {
  Hub hub;
  CHECK_THROWS(hub.filing->between_groups([] { throw std::runtime_error("no"); }));
  CHECK_FALSE(hub.filing->index_damage());
  CHECK_THROWS(hub.filing->between_groups([] { throw common::CorruptDatabase("malformed"); }));
  CHECK(hub.filing->index_damage() == "malformed");
}

TEST_CASE("while the disk is full images are refused before a byte is written, and events go on") {
  Hub hub;
  hub.reserve->found_full(UINT64_MAX / 4);
  CHECK(hub.outcome(hub.send(message(kBoot, 1))) == "retry: disk full");
  CHECK(fs::is_empty(hub.incoming()));
  CHECK(hub.outcome(hub.send(message(kBoot, 2))) == "retry: an earlier one comes first");
  CHECK(hub.outcome(hub.send(message(kBoot, 3, "Barn|motion|moving"))) == "stored");
}

TEST_CASE("retention deletes while senders send, and nothing that it took comes back") {
  Hub hub;
  RetentionSettings settings;
  settings.images.all.max_gb = 1e-6;  // one kilobyte: a few pictures
  Retention retention(settings,
                      {*hub.index, *hub.store, *hub.batch_store, *hub.committer, *hub.reserve, hub.disk, hub.clock});
  const auto step = [&] {
    hub.clock.advance(5 * kSecond);
    return retention.step([&](std::function<void()> task) { hub.filing->between_groups(std::move(task)); });
  };
  {
    const std::jthread deleting([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) step();
    });
    for (int round = 0; round < 2; ++round) {
      for (std::uint64_t seq = 1; seq <= 200; ++seq) CHECK(hub.outcome(hub.send(message(kBoot, seq))) == "stored");
    }
  }
  while (step()) {
  }
  CHECK(hub.seqs("images").size() * picture().size() <= 1000);
  CHECK(hub.seqs("images").back() == 200);
  CHECK(hub.pictures().size() == hub.seqs("images").size());
  CHECK(retention.status().deleted_images.at("max_gb") == 200 - hub.pictures().size());
}
