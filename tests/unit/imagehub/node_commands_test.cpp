#include "imagehub/live/node_commands.hpp"

#include <set>
#include <stdexcept>

#include "catch.hpp"
#include "fake_clock.hpp"
#include "imagehub/status.hpp"

using namespace imagehub;
using common::kSecond;
using State = common::CommandRecord::State;

namespace {

constexpr std::int64_t kTtl = 3600 * kSecond;

common::Message from(const std::string& node, std::uint64_t boot, const std::string& text = "|motion|moving") {
  common::Message message;
  message.node = node;
  message.text = node + text;
  message.boot = boot;
  message.seq = 1;
  return message;
}

common::Message keep_alive(const std::string& node, std::uint64_t boot) {
  common::Message message = from(node, boot, "|Heartbeat");
  message.seq.reset();
  message.version = "imagenode/1.0.0";
  return message;
}

common::Message report(const std::string& node, std::uint64_t id, const std::string& end) {
  common::Message message = from(node, 7, "|command|Still|" + end);
  message.fields["command"] = static_cast<double>(id);
  return message;
}

struct Fixture {
  FakeClock clock;
  NodeCommands commands{clock, kTtl, {}};

  std::uint64_t give(const std::string& text, const std::string& node = "Barn") {
    const auto record = commands.made(node, text);
    commands.add(record);
    return record.id;
  }
  std::string due(const common::Message& message) {
    const auto record = commands.due(message);
    return record ? record->text : "";
  }
  State state(std::uint64_t id) {
    for (const auto& record : commands.all()) {
      if (record.id == id) return record.state;
    }
    throw std::runtime_error("no such command");
  }
};

}  // namespace

TEST_CASE("a command goes out beside any message once, then at each keep-alive until it is reported") {
  Fixture hub;
  hub.commands.due(keep_alive("Barn", 7));
  const auto id = hub.give("Still");
  CHECK(hub.state(id) == State::pending);
  CHECK(hub.due(from("Barn", 7)) == "Still");
  CHECK(hub.state(id) == State::delivered);
  CHECK(hub.due(from("Barn", 7)).empty());
  CHECK(hub.due(keep_alive("Barn", 7)) == "Still");
  CHECK(hub.due(keep_alive("Barn", 7)) == "Still");
  hub.commands.reported(*hub.commands.reported_in(report("Barn", id, "done")));
  CHECK(hub.due(keep_alive("Barn", 7)).empty());
  CHECK(hub.state(id) == State::done);
}

TEST_CASE("commands go out in the order of their making, and one without a report holds up no other") {
  Fixture hub;
  hub.give("A");
  hub.give("B");
  CHECK(hub.due(keep_alive("Barn", 7)) == "A");
  CHECK(hub.due(keep_alive("Barn", 7)) == "B");
  CHECK(hub.due(keep_alive("Barn", 7)) == "A");
}

TEST_CASE("a sender that did not greet as an imagenode gets no command, nor does another node or start") {
  Fixture hub;
  hub.give("Still");
  CHECK(hub.due(from("Barn", 7)).empty());
  common::Message nameless = keep_alive("Barn", 7);
  nameless.version = "imagezmq";
  CHECK(hub.due(nameless).empty());
  common::Message plain = from("Barn", 7);
  plain.boot.reset();
  CHECK(hub.due(keep_alive("Shed", 7)).empty());
  CHECK(hub.due(keep_alive("Barn", 7)) == "Still");
  CHECK(hub.due(plain).empty());
  CHECK(hub.due(from("Barn", 8)).empty());
}

TEST_CASE("a new start of the node is told at once what the old one did not report") {
  Fixture hub;
  hub.give("Still");
  CHECK(hub.due(keep_alive("Barn", 7)) == "Still");
  CHECK(hub.due(keep_alive("Barn", 8)) == "Still");
  CHECK(hub.due(from("Barn", 8)).empty());
}

TEST_CASE("only the node's own report with the id of an open command counts") {
  Fixture hub;
  const auto id = hub.give("Still");
  CHECK_FALSE(hub.commands.reported_in(report("Barn", id + 1, "done")));
  CHECK_FALSE(hub.commands.reported_in(report("Shed", id, "done")));
  CHECK_FALSE(hub.commands.reported_in(report("Barn", id, "maybe")));
  common::Message no_id = report("Barn", id, "done");
  no_id.fields.clear();
  CHECK_FALSE(hub.commands.reported_in(no_id));
  for (const double absurd : {-1.0, 0.5, 1e300}) {
    no_id.fields["command"] = absurd;
    CHECK_FALSE(hub.commands.reported_in(no_id));
  }
  const auto failed = hub.commands.reported_in(report("Barn", id, "failed|no view"));
  REQUIRE(failed);
  CHECK(failed->state == State::failed);
  CHECK(failed->reason == "no view");
  hub.commands.reported(*failed);
  CHECK_FALSE(hub.commands.reported_in(report("Barn", id, "done")));
}

TEST_CASE("a command is forgotten after its time, by a clock that nobody sets") {
  Fixture hub;
  hub.give("Still");
  hub.clock.utc += 100 * kTtl;
  CHECK_FALSE(hub.commands.has_old());
  hub.clock.monotonic += kTtl;
  CHECK(hub.commands.has_old());
  CHECK(hub.commands.take_old().size() == 1);
  CHECK(hub.due(keep_alive("Barn", 7)).empty());
}

TEST_CASE("a time to forget that is changed holds for the commands that there are") {
  Fixture hub;
  hub.give("Still");
  hub.clock.monotonic += kTtl / 2;
  hub.commands.set_ttl(2 * kTtl);
  hub.clock.monotonic += kTtl;
  CHECK_FALSE(hub.commands.has_old());
  hub.commands.set_ttl(kTtl);
  CHECK(hub.commands.has_old());
}

TEST_CASE("after a restart of the hub a command has the rest of its time, at most all of it") {
  Fixture hub;
  common::CommandRecord record{1, "Barn", "Still", State::pending, "", hub.clock.utc - kTtl / 2};
  common::CommandRecord later{2, "Barn", "Still", State::pending, "", hub.clock.utc + 100 * kTtl};
  NodeCommands next(hub.clock, kTtl, {record, later});
  hub.clock.monotonic += kTtl / 2;
  CHECK(next.take_old().size() == 1);
  hub.clock.monotonic += kTtl / 2;
  CHECK(next.take_old().size() == 1);
}

TEST_CASE("a command that no node could take is refused with what to do") {
  Fixture hub;
  CHECK_THROWS_WITH(hub.give(""), ContainsSubstring("is empty"));
  CHECK_THROWS_WITH(hub.give(std::string(201, 'x')), ContainsSubstring("shorten it"));
  CHECK_THROWS_WITH(hub.give("Still|x"), ContainsSubstring("leave them out"));
  CHECK_THROWS_WITH(hub.give("Still\n"), ContainsSubstring("leave them out"));
  for (std::size_t i = 0; i < NodeCommands::kMaxOpenPerNode; ++i) hub.give("Still");
  CHECK_THROWS_WITH(hub.give("Still"), ContainsSubstring("already 100 commands wait for Barn"));
  CHECK_NOTHROW(hub.give("Still", "Shed"));
}

TEST_CASE("ids are such that a message's field holds them exactly, and differ") {
  Fixture hub;
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 50; ++i) ids.insert(hub.give("Still"));
  CHECK(ids.size() == 50);
  CHECK(*ids.begin() > 0);
  CHECK(*ids.rbegin() <= common::kMaxCommandId);
}

TEST_CASE("commands are listed one per line, and counted in the status") {
  const std::string json =
      R"({"commands":[{"id":5,"node":"Ba\nrn","text":"Still","state":"failed","reason":"no view","created_ns":0}]})";
  CHECK_THAT(format_commands(json), ContainsSubstring("failed     Ba\\nrn               Still: no view\n"));
  CHECK_THAT(format_commands(R"({"commands":[]})"), ContainsSubstring("no commands"));
  CHECK_THAT(format_commands(R"({"error":"no disk"})"), ContainsSubstring("no disk"));
}
