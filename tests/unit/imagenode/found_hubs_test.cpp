#include "imagenode/link/found_hubs.hpp"

#include "catch.hpp"
#include "common/text.hpp"

using namespace imagenode;

namespace {

using Addresses = std::vector<std::string>;

FoundHub hub(const std::string& name, const std::string& address, const std::string& network = "") {
  return {name, address, network, "id of " + name, "1.0.0"};
}

FoundHubs::Key key(const std::string& name, int interface = 2) {
  return {interface, 0, name};
}

}  // namespace

TEST_CASE("hubs come in the order of their names, in whatever order they were found") {
  FoundHubs hubs("");
  CHECK(hubs.addresses().empty());
  hubs.found(key("b"), hub("b", "tcp://10.0.0.1:5555"));
  hubs.found(key("a"), hub("a", "tcp://10.0.0.2:5555"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.2:5555", "tcp://10.0.0.1:5555"});
}

TEST_CASE("a hub that is seen on two interfaces at one address counts once") {
  FoundHubs hubs("");
  hubs.found(key("a", 2), hub("a", "tcp://10.0.0.1:5555"));
  hubs.found(key("a", 3), hub("a", "tcp://10.0.0.1:5555"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.1:5555"});
  hubs.lost(key("a", 2));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.1:5555"});
}

TEST_CASE("hubs of another network, or of none, are not ours") {
  FoundHubs hubs("north");
  hubs.found(key("a"), hub("a", "tcp://10.0.0.1:5555", "south"));
  hubs.found(key("b"), hub("b", "tcp://10.0.0.2:5555"));
  CHECK(hubs.addresses().empty());
  hubs.found(key("c"), hub("c", "tcp://10.0.0.3:5555", "north"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.3:5555"});
}

TEST_CASE("a hub that changes its port or its network is followed") {
  FoundHubs hubs("north");
  hubs.found(key("a"), hub("a", "tcp://10.0.0.1:5555", "north"));
  hubs.found(key("b"), hub("b", "tcp://10.0.0.2:5555", "north"));
  hubs.found(key("a"), hub("a", "tcp://10.0.0.1:6666", "north"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.1:6666", "tcp://10.0.0.2:5555"});
  hubs.found(key("a"), hub("a", "tcp://10.0.0.1:6666", "south"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.2:5555"});
}

TEST_CASE("while no hub is announced those that were announced last are tried") {
  FoundHubs hubs("");
  hubs.found(key("a"), hub("a", "tcp://10.0.0.1:5555"));
  hubs.found(key("b"), hub("b", "tcp://10.0.0.2:5555"));
  hubs.clear();
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.1:5555", "tcp://10.0.0.2:5555"});
  hubs.found(key("b"), hub("b", "tcp://10.0.0.2:7777"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.2:7777"});
  hubs.lost(key("b"));
  CHECK(hubs.addresses() == Addresses{"tcp://10.0.0.2:7777"});
}

TEST_CASE("somebody who announces thousands of hubs does not fill the memory") {
  FoundHubs hubs("");
  for (int i = 0; i < 5000; ++i) {
    const std::string name = common::cat("hub ", i);
    hubs.found(key(name), hub(name, common::cat("tcp://10.0.0.1:", i + 1)));
  }
  CHECK(hubs.addresses().size() == 64);
}
