#include <filesystem>
#include <iterator>

#include "catch.hpp"
#include "imagenode/line/sockets.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

/// A line with a relay, and the program that feeds it.
struct Stage {
  explicit Stage(const std::string& keys = "fields: [a]")
      : path(bench.root() / "feed"), address(LineBench::free_address()) {
    bench.line("type: unix, path: " + path.string() + ", relay: '" + address + "', " + keys);
    bench.turn();
    feed = LineBench::connect_unix(path);
    bench.settle();
  }

  LineBench bench;
  std::filesystem::path path;
  std::string address;
  common::UniqueFd feed;
};

}  // namespace

TEST_CASE("every reader of a relay gets the raw bytes from when it came") {
  Stage stage;
  const auto first = LineBench::connect_tcp(stage.address);
  stage.bench.settle();
  LineBench::put(stage.feed, "1\r\nnonsense\n2");
  stage.bench.settle();
  const auto second = LineBench::connect_tcp(stage.address);
  stage.bench.settle();
  LineBench::put(stage.feed, "3\n");
  stage.bench.settle();
  CHECK(LineBench::received(first, 15) == "1\r\nnonsense\n23\n");
  CHECK(LineBench::received(second, 2) == "3\n");
  CHECK(stage.bench.line().counts().rows == 2);
}

TEST_CASE("a reader that has ended its sending gets its answer, and one that has gone is let go") {
  Stage stage("fields: [a], relay_write: True");
  auto reader = LineBench::connect_tcp(stage.address);
  LineBench::put(reader, "go\n");
  ::shutdown(reader.get(), SHUT_WR);
  std::string received;
  CHECK(stage.bench.turn_until([&] { return (received += LineBench::received_now(stage.feed)) == "go\n"; }));
  stage.bench.settle();  // and its end is no news for ever
  LineBench::put(stage.feed, "1\n");
  stage.bench.settle();
  CHECK(LineBench::received(reader, 2) == "1\n");

  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  reader = {};
  CHECK(stage.bench.turn_until([&] {
    LineBench::put(stage.feed, "2\n");
    return descriptors() == before - 2;
  }));
}

TEST_CASE("a reader that is too slow is dropped, and holds nobody else up") {
  Stage stage("format: raw, max_length: 100000");
  const auto slow = LineBench::connect_tcp(stage.address);
  const auto quick = LineBench::connect_tcp(stage.address);
  stage.bench.settle();
  const std::string row = std::string(50'000, 'x') + '\n';
  std::size_t sent = 0;
  // Far more than the kernel keeps for a connection and the relay for a reader.
  while (sent < 30'000'000 && stage.bench.line().relay_dropped() == 0) {
    LineBench::put(stage.feed, row);
    stage.bench.settle();
    sent += row.size();
    CHECK(LineBench::received(quick, row.size()) == row);
    stage.bench.settle();
  }
  CHECK(stage.bench.line().relay_dropped() == 1);
  LineBench::put(stage.feed, "last\n");
  stage.bench.settle();
  CHECK(LineBench::received(quick, 5) == "last\n");
  CHECK(stage.bench.line().counts().rows == sent / row.size() + 1);
}

TEST_CASE("a relay whose port is taken is tried again, and the line goes on without it") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  const std::string address = LineBench::free_address();
  auto other = listen_tcp(address);
  bench.line("type: unix, path: " + path.string() + ", fields: [a], chunk: {rows: 1}, relay: '" + address + "'");
  bench.turn();
  const auto feed = LineBench::connect_unix(path);
  LineBench::put(feed, "1\n");
  bench.settle();
  CHECK(bench.chunks.size() == 1);
  CHECK(bench.told.empty());
  other = {};
  CHECK(bench.turn_until([&] { return static_cast<bool>(LineBench::connect_tcp(address)); }));
}

TEST_CASE("readers of a relay wait while the line takes nothing, and none of their bytes is lost") {
  Stage stage("fields: [a], relay_write: True");
  const auto reader = LineBench::connect_tcp(stage.address);
  stage.bench.settle();
  // The feeding program does not read for the time being.
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string piece = std::string(9'999, static_cast<char>('a' + i % 26)) + '\n';
    LineBench::put(reader, piece);
    stage.bench.settle();
    sent += piece;
  }
  std::string received;
  CHECK(stage.bench.turn_until([&] {
    received += LineBench::received_now(stage.feed);
    return received.size() >= sent.size();
  }));
  CHECK(received == sent);
}

TEST_CASE("what readers send while the port is lost waits until it is back") {
  LineBench bench;
  const std::string address = LineBench::free_address();
  const std::string device = LineBench::free_address();
  auto port = listen_tcp(device);
  bench.line("type: tcp, connect: '" + device + "', fields: [a], relay: '" + address + "', relay_write: True");
  const auto accepted = [&](common::UniqueFd& peer) {
    return bench.turn_until([&] { return static_cast<bool>(peer) || (peer = accept_one(port.get())); });
  };
  common::UniqueFd peer;
  REQUIRE(accepted(peer));
  const auto reader = LineBench::connect_tcp(address);
  bench.settle();
  // In the very turn in which it is lost, and later.
  peer = {};
  LineBench::put(reader, "first\n");
  CHECK(bench.turn_until([&] { return bench.line().lost(); }));
  LineBench::put(reader, "second\n");
  bench.turn();
  bench.turn();
  REQUIRE(accepted(peer));
  std::string received;
  CHECK(bench.turn_until([&] { return (received += LineBench::received_now(peer)).size() >= 13; }));
  CHECK(received == "first\nsecond\n");
}

TEST_CASE("what readers send while nobody is connected to the line waits for the first who is") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  const std::string address = LineBench::free_address();
  bench.line("type: unix, path: " + path.string() + ", fields: [a], relay: '" + address + "', relay_write: True");
  bench.turn();
  const auto reader = LineBench::connect_tcp(address);
  LineBench::put(reader, "go\n");
  bench.settle();
  const auto feed = LineBench::connect_unix(path);
  std::string received;
  CHECK(bench.turn_until([&] { return (received += LineBench::received_now(feed)) == "go\n"; }));
}

TEST_CASE("a relay needs an address, and a line to which something can be written") {
  CHECK_THAT(LineBench::problems("type: stdin, fields: [a], relay: 'ipc:///x'"), ContainsSubstring("tcp://"));
  CHECK_THAT(LineBench::problems("type: stdin, fields: [a], relay: 'tcp://*:7001', relay_write: True"),
             ContainsSubstring("nothing can be written to stdin"));
}
