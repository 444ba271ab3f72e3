#include <filesystem>
#include <fstream>
#include <thread>

#include "action_bench.hpp"
#include "catch.hpp"
#include "common/files.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using Texts = std::vector<std::string>;

TEST_CASE("a program gets what the event says, each as one argument, and no shell takes it apart") {
  const TempFolder folder;
  const auto script = folder.path() / "notify";
  std::ofstream(script) << "#!/bin/sh\nfor word; do printf '<%s>' \"$word\"; done > \"$0.out\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  ActionBench bench({"tell: {when: '*', type: command, command: ['" + script.string() +
                     "', '{text}', 'a b', '{field.value} C', '$HOME;']}"});
  bench.start();
  bench.happens("Barn|sensor T1|$(touch x); \"`'", {{"value", 3.5}});
  CHECK(bench.told(1) == Texts{"action|tell|done"});
  CHECK(common::read_text_file(script.string() + ".out") == "<Barn|sensor T1|$(touch x); \"`'><a b><3.5 C><$HOME;>");
}

TEST_CASE("a program that fails, hangs or is not there has failed, with the reason") {
  ActionBench bench({"a: {when: '*|a', type: command, command: [sh, -c, 'echo no luck >&2; exit 3']}",
                     "b: {when: '*|b', type: command, command: [sleep, '1000'], timeout: 0.1s}",
                     "c: {when: '*|c', type: command, command: [/no/such/program]}"});
  bench.start();
  bench.happens("Barn|a");
  CHECK(bench.told(1).back() == "action|a|failed|sh ended with status 3: no luck");
  bench.happens("Barn|b");
  CHECK(bench.told(2).back() == "action|b|failed|sleep was not done after 0.1 s");
  bench.happens("Barn|c");
  CHECK(bench.told(3).back() == "action|c|failed|/no/such/program cannot be started: No such file or directory");
}

TEST_CASE("a stop ends a program") {
  const TempFolder folder;
  const auto file = folder.path() / "pid";
  ActionBench bench(
      {"a: {when: '*', type: command, command: [sh, -c, 'echo > " + file.string() + "; sleep 1000'], timeout: 10m}"});
  bench.start();
  bench.happens("Barn|a");
  while (!std::filesystem::exists(file)) std::this_thread::yield();
  bench.stop();
  CHECK(bench.told(1) == Texts{"action|a|failed|sh was stopped"});
}
