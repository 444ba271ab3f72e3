#include "imagenode/line/line_thread.hpp"

#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

using Told = std::vector<std::string>;

/// A device that waits for us on TCP.
class Device {
 public:
  const std::string& address() const { return address_; }
  bool accept() {
    if (!peer) peer = accept_one(socket_.get());
    return static_cast<bool>(peer);
  }
  void stop() { socket_ = {}; }
  void start() { socket_ = listen_tcp(address_); }

  common::UniqueFd peer;

 private:
  const std::string address_ = LineBench::free_address();
  common::UniqueFd socket_ = listen_tcp(address_);
};

}  // namespace

TEST_CASE("programs send rows over a socket of this computer") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, path: " + path.string() + ", fields: [a, b], chunk: {rows: 3, max_seconds: 60}");
  bench.turn();
  auto first = LineBench::connect_unix(path);
  auto second = LineBench::connect_unix(path);
  REQUIRE(first);
  REQUIRE(second);
  LineBench::put(first, "1,2\n3,");
  LineBench::put(second, "5,6\n");
  bench.settle();
  LineBench::put(first, "4\n");
  bench.settle();
  REQUIRE(bench.chunks.size() == 1);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring(",1,2\r\n") && ContainsSubstring(",5,6\r\n") &&
                                      ContainsSubstring("3,1795168800.000000,3,4\r\n"));
  CHECK(bench.line().counts().rows == 3);
  CHECK(bench.told.empty());
}

TEST_CASE("every row is judged by the detectors of its line, and silence is told by the clock of another thread") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, path: " + path.string() +
             ", fields: [{name: state, type: text}, {name: level, unit: cm}], "
             "detectors: {full: {type: threshold, above: 90}, gone: {type: missing, after: 5m}}");
  bench.turn();
  auto peer = LineBench::connect_unix(path);
  LineBench::put(peer, "ok,89\nok,91\nnonsense\nok,92\nok,90\n");
  bench.settle();
  CHECK(bench.told == Told{"full|level|above", "full|level|normal"});
  CHECK(bench.readings.size() == 4);
  bench.clock.advance(300 * common::kSecond);
  bench.line().tick();
  CHECK(bench.told == Told{"full|level|above", "full|level|normal", "gone|L1|missing"});
}

TEST_CASE("a chunk leaves in time, also when nothing more comes") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, path: " + path.string() + ", fields: [a], chunk: {max_seconds: 2}");
  bench.turn();
  auto peer = LineBench::connect_unix(path);
  LineBench::put(peer, "1\n");
  bench.settle();
  CHECK(bench.chunks.empty());
  bench.turn();
  REQUIRE(bench.waits == std::vector<std::int64_t>{2});
  CHECK(bench.chunks.size() == 1);
}

TEST_CASE("a line that listens tells when the last peer has gone, and when one is there again") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, path: " + path.string() + ", fields: [a]");
  bench.turn();
  auto first = LineBench::connect_unix(path);
  auto second = LineBench::connect_unix(path);
  bench.settle();
  first = {};
  bench.settle();
  CHECK(bench.told.empty());
  LineBench::put(second, "1\n2");
  second = {};
  bench.settle();
  CHECK(bench.told == Told{"unix|lost|L1"});
  CHECK(bench.line().lost());
  CHECK(bench.line().counts().rows == 1);
  CHECK(bench.line().counts().cut == 1);
  second = LineBench::connect_unix(path);
  bench.settle();
  CHECK(bench.told == Told{"unix|lost|L1", "unix|back|L1"});
  CHECK_FALSE(bench.line().lost());
}

TEST_CASE("with report: False nothing is told of peers that come and go") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, report: False, path: " + path.string() + ", fields: [a]");
  bench.turn();
  auto peer = LineBench::connect_unix(path);
  bench.settle();
  peer = {};
  bench.settle();
  CHECK(bench.line().lost());
  CHECK(bench.told.empty());
}

TEST_CASE("a socket that a dead program left gives way, that of a living one does not") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  const std::string keys = "type: unix, path: " + path.string() + ", fields: [a]";
  listen_unix(path);  // closed again, but its file stays
  bench.line(keys);
  bench.settle();
  CHECK(LineBench::connect_unix(path));
  LineBench other;
  other.line(keys);
  other.settle();
  CHECK(other.told == Told{"unix|lost|L1"});
  CHECK(LineBench::connect_unix(path));
}

TEST_CASE("a device on TCP that is not there yet is told once, tried with growing patience, and told as back") {
  LineBench bench;
  Device device;
  device.stop();
  bench.line("type: tcp, connect: '" + device.address() + "', fields: [a]");
  CHECK(bench.turn_until([&] { return bench.waits.size() == 8; }));
  CHECK(bench.waits == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60});
  CHECK(bench.told == Told{"tcp|lost|L1"});
  device.start();
  CHECK(bench.turn_until([&] { return device.accept(); }));
  CHECK(bench.told == Told{"tcp|lost|L1", "tcp|back|L1"});
  LineBench::put(device.peer, "1\n");
  CHECK(bench.turn_until([&] { return bench.line().counts().rows == 1; }));
}

TEST_CASE("a connection that breaks is made again, and the rest of a row before it is not joined to what comes after") {
  LineBench bench;
  Device device;
  bench.line("type: tcp, connect: '" + device.address() + "', fields: [a], chunk: {rows: 1}");
  REQUIRE(bench.turn_until([&] { return device.accept(); }));
  LineBench::put(device.peer, "1\n2");
  CHECK(bench.turn_until([&] { return bench.line().counts().rows == 1; }));
  device.peer = {};
  CHECK(bench.turn_until([&] { return bench.line().lost(); }));
  bench.waits.clear();
  REQUIRE(bench.turn_until([&] { return device.accept(); }));
  CHECK(bench.waits == std::vector<std::int64_t>{1});
  LineBench::put(device.peer, "3\n");
  CHECK(bench.turn_until([&] { return bench.line().counts().rows == 2; }));
  CHECK(bench.line().counts().cut == 1);
  CHECK(bench.told == Told{"tcp|lost|L1", "tcp|back|L1"});
  REQUIRE(bench.chunks.size() == 2);
  CHECK_THAT(bench.chunks[0].csv, ContainsSubstring(",1\r\n"));
  CHECK_THAT(bench.chunks[1].csv, ContainsSubstring("2,") && ContainsSubstring(",3\r\n"));
}

TEST_CASE("patience with a device that breaks off without a byte does not begin anew each time") {
  LineBench bench;
  Device device;
  bench.line("type: tcp, connect: '" + device.address() + "', fields: [a]");
  for (int time = 0; time < 3; ++time) {
    REQUIRE(bench.turn_until([&] { return device.accept(); }));
    device.peer = {};
    REQUIRE(bench.turn_until([&] { return bench.line().lost(); }));
  }
  CHECK(bench.turn_until([&] { return bench.waits.size() >= 3; }));
  CHECK(bench.waits == std::vector<std::int64_t>{1, 2, 4});
}

TEST_CASE("at its end a line takes what has come, and gives away what it has") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  bench.line("type: unix, path: " + path.string() + ", fields: [a]");
  bench.turn();
  auto peer = LineBench::connect_unix(path);
  bench.settle();
  LineBench::put(peer, "1\n2\n3");
  bench.line().finish();
  REQUIRE(bench.chunks.size() == 1);
  CHECK(bench.chunks[0].rows == 2);
  CHECK(bench.line().counts().cut == 1);
}

TEST_CASE("the thread of a line ends when it is told to, in the middle of waiting") {
  LineBench bench;
  const auto path = bench.root() / "feed";
  common::SystemClock clock;
  common::Liveness liveness;
  common::Disk disk;
  LineThread line(LineBench::settings("type: unix, path: " + path.string() + ", fields: [a]"), {disk, bench.root()},
                  bench.sinks(), clock, liveness);
  line.start();
  line.stop();
  CHECK(bench.told.empty());
}
