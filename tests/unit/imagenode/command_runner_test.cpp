#include "imagenode/command_runner.hpp"

#include <memory>
#include <set>
#include <stdexcept>

#include "catch.hpp"
#include "common/command_record.hpp"
#include "common/disk.hpp"
#include "fake_clock.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using Texts = std::vector<std::string>;

namespace {

/// A node that knows `Do`, which is done when `ready`, `Fail` and, not allowed, `Burn`. Made anew by restart().
struct Node {
  explicit Node(common::FileSystem& given) : files(given) { restart(); }

  void restart() {
    CommandKinds kinds{{"Do",
                        [this](const std::string& arguments) -> CommandProgress {
                          begun.push_back(arguments);
                          return [this] { return ready ? std::optional<std::string>("") : std::nullopt; };
                        }},
                       {"Fail", [](const std::string&) -> CommandProgress { throw std::runtime_error("no|luck"); }},
                       {"Burn", [this](const std::string&) -> CommandProgress {
                          begun.push_back("burnt");
                          return [] { return std::optional<std::string>(""); };
                        }}};
    runner = std::make_unique<CommandRunner>(std::move(kinds), std::set<std::string>{"Do", "Fail"},
                                             CommandMemory(files, file()), clock,
                                             [this](std::uint64_t id, const std::string& text, const std::string& end) {
                                               reports.push_back(std::to_string(id) + "|" + text + "|" + end);
                                             });
  }
  std::filesystem::path file() const { return folder.path() / "state" / "Barn.commands"; }
  Texts given(std::uint64_t id, const std::string& text) {
    reports.clear();
    runner->take(id, text);
    runner->tick();
    return reports;
  }

  const TempFolder folder;
  common::FileSystem& files;
  FakeClock clock;
  bool ready = true;
  Texts begun;
  Texts reports;
  std::unique_ptr<CommandRunner> runner;
};

}  // namespace

TEST_CASE("a command is done and reported once, however often it is given") {
  common::Disk disk;
  Node node(disk);
  CHECK(node.given(5, "Do this and that") == Texts{"5|Do this and that|done"});
  CHECK(node.given(5, "Do this and that").empty());
  CHECK(node.begun == Texts{"this and that"});
}

TEST_CASE("after a restart a command is reported again, not done again") {
  common::Disk disk;
  Node node(disk);
  node.given(5, "Do it");
  node.given(6, "Fail");
  node.restart();
  CHECK(node.given(5, "Do it") == Texts{"5|Do it|done"});
  CHECK(node.given(5, "Do it").empty());
  CHECK(node.given(6, "Fail") == Texts{"6|Fail|failed|no/luck"});
  CHECK(node.begun == Texts{"it"});
}

TEST_CASE("a command that a restart interrupted has failed") {
  common::Disk disk;
  Node node(disk);
  node.ready = false;
  CHECK(node.given(5, "Do it").empty());
  node.restart();
  CHECK(node.given(5, "Do it") == Texts{"5|Do it|failed|interrupted by a restart"});
  CHECK(node.begun == Texts{"it"});
}

TEST_CASE("a command that does not come to its end has failed, and says so once") {
  common::Disk disk;
  Node node(disk);
  node.ready = false;
  CHECK(node.given(5, "Do it").empty());
  node.clock.advance(CommandRunner::kPatience);
  CHECK(node.given(5, "Do it") == Texts{"5|Do it|failed|not done within 60 s"});
  node.ready = true;
  CHECK(node.given(5, "Do it").empty());
}

TEST_CASE("what is not allowed, not known or too long is not done, and said once") {
  common::Disk disk;
  Node node(disk);
  CHECK(node.given(1, "Burn") == Texts{"1|Burn|failed|not allowed here"});
  CHECK(node.given(1, "Burn").empty());
  CHECK(node.given(2, "burn") == Texts{"2|burn|failed|unknown command"});
  CHECK(node.given(3, "") == Texts{"3||failed|unknown command"});
  CHECK(node.given(4, "a|b\n\xff") == Texts{"4|a/b\\n\\xff|failed|unknown command"});
  CHECK(node.given(5, "Do " + std::string(100'000, 'x')) ==
        Texts{"5|Do " + std::string(197, 'x') + "|failed|too long"});
  CHECK(node.given(0, "Do it").empty());
  CHECK(node.given(common::kMaxCommandId + 1, "Do it").empty());
  CHECK(node.begun.empty());
}

TEST_CASE("what is allowed can be changed while the node runs") {
  common::Disk disk;
  Node node(disk);
  node.runner->allow({"Burn"});
  CHECK(node.given(1, "Burn") == Texts{"1|Burn|done"});
  CHECK(node.given(2, "Do it") == Texts{"2|Do it|failed|not allowed here"});
}

TEST_CASE("a hub that gives commands without end is answered at a bounded pace") {
  common::Disk disk;
  Node node(disk);
  for (std::uint64_t id = 1; id <= 1000; ++id) node.runner->take(id, "Do it");
  std::vector<std::size_t> reported;
  for (int i = 0; i < 20; ++i) {
    node.runner->tick();
    reported.push_back(node.reports.size());
  }
  CHECK(reported.front() == CommandRunner::kMaxBegunAtOnce);
  CHECK(reported.back() == CommandRunner::kMaxWaiting);
}

TEST_CASE("no more than a few run at a time; the others wait") {
  common::Disk disk;
  Node node(disk);
  node.ready = false;
  for (std::uint64_t id = 1; id <= CommandRunner::kMaxRunning + 4; ++id) node.runner->take(id, "Do it");
  for (int i = 0; i < 5; ++i) node.runner->tick();
  CHECK(node.begun.size() == CommandRunner::kMaxRunning);
  node.ready = true;
  for (int i = 0; i < 2; ++i) node.runner->tick();
  CHECK(node.reports.size() == CommandRunner::kMaxRunning + 4);
}

TEST_CASE("the memory of commands is bounded, the newest stay, and spoilt lines spoil no others") {
  common::Disk disk;
  const TempFolder folder;
  const auto file = folder.path() / "commands";
  {
    CommandMemory memory(disk, file);
    for (std::uint64_t id = 1; id <= CommandMemory::kMaxRemembered + 1; ++id) memory.note(id, "done");
  }
  {
    CommandMemory memory(disk, file);
    CHECK_FALSE(memory.outcome(1));
    CHECK(memory.outcome(2) == "done");
    CHECK(memory.outcome(CommandMemory::kMaxRemembered + 1) == "done");
  }
  const std::string text = "nonsense\n7 done\n\n99999999999999999999999 done\n8\n9x done\n10 failed|no view";
  disk.open(file, common::OpenMode::replace)->append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  CommandMemory memory(disk, file);
  CHECK(memory.outcome(7) == "done");
  CHECK(memory.outcome(10) == "failed|no view");
  for (const std::uint64_t id : {8U, 9U}) CHECK_FALSE(memory.outcome(id));
}
