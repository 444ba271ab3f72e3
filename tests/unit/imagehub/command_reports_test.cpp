#include "catch.hpp"
#include "imagehub/index/command_table.hpp"
#include "unit/imagehub/filing_kit.hpp"

using State = common::CommandRecord::State;

namespace {

/// A hub with one command to Barn.
struct Fixture : FilingKit {
  Fixture() : commands(clock, 3600 * common::kSecond, {}) {
    record = commands.made("Barn", "Still");
    commands.add(record);
    imagehub::Index::Transaction transaction(*index);
    imagehub::CommandTable(*index).save(record);
    transaction.commit();
    committer = std::make_unique<imagehub::Committer>(imagehub::CommitterSettings{}, *index, *store, *log, *reserve,
                                                      *nodes, *batches, clock, &commands);
  }
  void report(std::uint64_t seq) {
    common::Message report = message(7, seq, "Barn|command|Still|failed|no view");
    report.fields["command"] = static_cast<double>(record.id);
    imagehub::Candidate candidate;
    candidate.message = std::make_shared<const common::Message>(std::move(report));
    candidate.monotonic_ns = clock.monotonic_ns();
    committer->commit({&candidate});
  }

  imagehub::NodeCommands commands;
  common::CommandRecord record;
};

}  // namespace

TEST_CASE("what a node reports of a command is kept with the report") {
  Fixture hub;
  hub.report(1);
  CHECK(hub.commands.all().at(0).state == State::failed);
  const auto kept = imagehub::CommandTable(*hub.index).all();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].id == hub.record.id);
  CHECK(kept[0].state == State::failed);
  CHECK(kept[0].reason == "no view");
  CHECK(kept[0].created_ns == hub.record.created_ns);
}

TEST_CASE("a report of a command that is not known is an event as any other") {
  Fixture hub;
  hub.commands.reported({hub.record.id, "Barn", "Still", State::done, "", 0});
  hub.report(1);
  CHECK(hub.commands.all().at(0).state == State::done);
  CHECK(imagehub::CommandTable(*hub.index).all().at(0).state == State::pending);
}
