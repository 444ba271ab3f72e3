#include "imagenode/roads.hpp"

#include <fstream>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace imagenode;

namespace {

NodeSettings node(const std::filesystem::path& folder, bool mirror) {
  NodeSettings settings;
  settings.name = "Barn";
  settings.mirror = mirror;
  settings.spool.folder = folder;
  settings.link.addresses = {"tcp://10.0.0.1:5555", "tcp://10.0.0.2:5555"};
  return settings;
}

}  // namespace

TEST_CASE("without a mirror there is one road to all the hubs") {
  const auto all = roads(node("/spool", false));
  REQUIRE(all.size() == 1);
  CHECK(all[0].link.addresses.size() == 2);
  CHECK(all[0].hub.empty());
  CHECK(all[0].spool.file == "/spool/Barn.spool.sqlite3");
}

TEST_CASE("a mirror has a road and a spool for each hub") {
  const auto all = roads(node("/spool", true));
  REQUIRE(all.size() == 2);
  CHECK(all[1].link.addresses == std::vector<std::string>{"tcp://10.0.0.2:5555"});
  CHECK(all[1].hub == "tcp://10.0.0.2:5555");
  CHECK(all[1].spool.file == "/spool/Barn-tcp---10.0.0.2-5555.spool.sqlite3");
}

TEST_CASE("a stop may take as long as a slow disk needs for the memory of all roads") {
  NodeSettings settings = node("/spool", true);
  settings.shutdown_timeout_s = 10;
  settings.outbox_mb = 100;
  CHECK(stop_time_ns(settings) == 140 * common::kSecond);
  settings.spool.when = Spooling::never;
  CHECK(stop_time_ns(settings) == 40 * common::kSecond);
}

TEST_CASE("hubs with long names that differ at the end only have different spools") {
  NodeSettings settings = node("/spool", true);
  settings.name = std::string(60, 'n');
  const std::string host(80, 'h');
  settings.link.addresses = {"tcp://" + host + ":1", "tcp://" + host + ":2"};
  const auto all = roads(settings);
  CHECK(all[0].spool.file != all[1].spool.file);
}

TEST_CASE("spools of hubs that are not in the settings any more are found, those of other nodes are not") {
  TempFolder folder;
  for (const char* name :
       {"Barn.spool.sqlite3", "Barn-tcp---10.0.0.1-5555.spool.sqlite3", "Barn-tcp---10.0.0.9-5555.spool.sqlite3",
        "Barn-tcp---10.0.0.9-5555.spool.sqlite3-wal", "Barn-2.spool.sqlite3", "notes.txt"}) {
    std::ofstream(folder.path() / name) << "x";
  }
  const auto unused = [&](const NodeSettings& settings) {
    std::vector<std::string> names;
    for (const auto& file : unused_spools(settings, roads(settings), folder.disk)) names.push_back(file.filename());
    return names;
  };
  CHECK(unused(node(folder.path(), true)) ==
        std::vector<std::string>{"Barn-tcp---10.0.0.9-5555.spool.sqlite3", "Barn.spool.sqlite3"});
  CHECK(unused(node(folder.path(), false)) ==
        std::vector<std::string>{"Barn-tcp---10.0.0.1-5555.spool.sqlite3", "Barn-tcp---10.0.0.9-5555.spool.sqlite3"});
  CHECK(unused(node(folder.path() / "missing", true)).empty());
}
