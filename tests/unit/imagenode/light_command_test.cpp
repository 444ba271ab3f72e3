#include "imagenode/light_command.hpp"

#include <thread>

#include "catch.hpp"
#include "fake_clock.hpp"
#include "fake_gpio.hpp"

using namespace imagenode;

namespace {

/// Two lights that are called floodlight, and another one; nobody says that it is dark. They have not begun.
struct Bench {
  std::string refusal(const std::string& arguments) const {
    try {
      switch_light(lamps, arguments);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }
  /// How a command went that the lights' threads had time for.
  std::string outcome(const std::string& arguments) {
    const CommandProgress progress = switch_light(lamps, arguments);
    REQUIRE_FALSE(progress());
    for (const auto& lamp : lamps) lamp->start();
    for (;;) {
      if (const auto outcome = progress()) return *outcome;
      std::this_thread::yield();
    }
  }

  Bench() {
    for (const LampSettings& one : {LampSettings{"L1", "floodlight", {"", "18"}, {}, Darkness{}},
                                    LampSettings{"L2", "floodlight", {"", "19"}, {}, Darkness{}},
                                    LampSettings{"water meter", "meter", {"", "20"}, {}, Darkness{}}}) {
      lamps.push_back(std::make_unique<Lamp>(
          one, gpio.chips(), [](const Reading&) {}, clock, liveness));
    }
  }

  FakeGpio gpio;
  const FakeClock clock;
  common::Liveness liveness;
  std::vector<std::unique_ptr<Lamp>> lamps;
};

}  // namespace

TEST_CASE("a light is named by its label, which may hold spaces") {
  Bench bench;
  CHECK(bench.outcome("water meter on").empty());
  CHECK(bench.gpio.line(20).active);
  CHECK_FALSE(bench.gpio.line(18).active);
}

TEST_CASE("lights of one name are switched together") {
  Bench bench;
  CHECK(bench.outcome("floodlight  on").empty());
  CHECK(bench.gpio.line(18).active);
  CHECK(bench.gpio.line(19).active);
}

TEST_CASE("a light that cannot be switched fails the command, with the reason") {
  Bench bench;
  bench.gpio.line(19).fails = true;
  CHECK(bench.outcome("floodlight on") == "in use, or broken");
}

TEST_CASE("a light that there is not, and what it cannot be, are refused") {
  const Bench bench;
  CHECK(bench.refusal("attic on") == "no light named attic");
  for (const char* wrong : {"", "L1", "on", "L1 On", "L1 brighter", "L1 on please"}) {
    CHECK(bench.refusal(wrong) == "Light needs a name and on, off or auto: Light L1 on");
  }
}
