#include "common/address.hpp"

#include "catch.hpp"

using namespace common;

namespace {

std::string problem(std::string_view address, AddressUse use) {
  return address_problem(address, use).value_or("");
}

}  // namespace

TEST_CASE("addresses to connect to need a host and a port that exists") {
  for (const char* good : {"tcp://192.168.1.10:5555", "tcp://barn-hub:1", "tcp://barn.local:65535", "tcp://[::1]:5555",
                           "ipc:///run/imagehub/images.sock"}) {
    INFO(good);
    CHECK(problem(good, AddressUse::connect).empty());
  }
  for (const char* no_port : {"tcp://barn", "tcp://barn:", "tcp://[::1]"}) {
    INFO(no_port);
    CHECK_THAT(problem(no_port, AddressUse::connect), ContainsSubstring("has no port; an address is such as tcp://"));
  }
  for (const char* bad_port : {"tcp://barn:99999", "tcp://barn:0", "tcp://barn:-1", "tcp://barn:+1", "tcp://barn:*",
                               "tcp://barn:5555x", "tcp://barn: 5555", "tcp://barn:99999999999999"}) {
    INFO(bad_port);
    CHECK_THAT(problem(bad_port, AddressUse::connect), ContainsSubstring("has no port from 1 to 65535"));
  }
  for (const char* no_host : {"tcp://:5555", "tcp://*:5555", "tcp://a b:5555", "tcp://::1:5555", "tcp://a/b:5555"}) {
    INFO(no_host);
    CHECK_THAT(problem(no_host, AddressUse::connect), ContainsSubstring("has no host that can be used here"));
  }
  for (const char* other : {"", "barn:5555", "udp://barn:5555", "192.168.1.10"}) {
    INFO(other);
    CHECK_THAT(problem(other, AddressUse::connect), ContainsSubstring("does not begin with tcp:// or ipc://"));
  }
}

TEST_CASE("addresses to listen on may leave the choice of interface and port to the system") {
  for (const char* good : {"tcp://*:5555", "tcp://*:*", "tcp://0.0.0.0:0", "tcp://eth0:5555", "ipc:///tmp/hub"}) {
    INFO(good);
    CHECK(problem(good, AddressUse::bind).empty());
  }
  CHECK_THAT(problem("tcp://*", AddressUse::bind),
             ContainsSubstring("tcp://* has no port; an address is such as tcp://*"));
  CHECK_THAT(problem("tcp://*:99999", AddressUse::bind), ContainsSubstring("has no port from 1 to 65535"));
}

TEST_CASE("the path of a socket has the length that the kernel allows") {
  CHECK_THAT(problem("ipc://", AddressUse::bind), ContainsSubstring("names no file"));
  CHECK(problem("ipc://" + std::string(107, 'x'), AddressUse::bind).empty());
  CHECK_THAT(problem("ipc://" + std::string(108, 'x'), AddressUse::bind), ContainsSubstring("more than 107 bytes"));
}

TEST_CASE("an address from outside stays on one line") {
  CHECK_THAT(problem("tcp://a\nb:1", AddressUse::connect), ContainsSubstring("a\\nb"));
}

TEST_CASE("a bound tcp address gives its host and port") {
  const auto address = tcp_address("tcp://0.0.0.0:40123");
  REQUIRE(address);
  CHECK(address->host == "0.0.0.0");
  CHECK(address->port == 40123);
  CHECK_FALSE(tcp_address("ipc:///x"));
}

TEST_CASE("the name of a network fits into an announcement") {
  CHECK_FALSE(network_name_problem(""));
  CHECK_FALSE(network_name_problem("north farm"));
  CHECK(network_name_problem(std::string(101, 'x')));
  CHECK(network_name_problem("north\nfarm"));
}
