#include "imagenode/gpio/gpio_line.hpp"

#include <unistd.h>

#include <cerrno>
#include <future>

#include "catch.hpp"
#include "common/clock.hpp"
#include "common/files.hpp"
#include "fake_gpio.hpp"
#include "imagenode/gpio/kernel_chip.hpp"

using namespace imagenode;

namespace {

/// Why the line cannot be had; empty when it can.
std::string failure(FakeGpio& gpio, const std::string& chip, const std::string& line) {
  try {
    open_input(gpio.chips(), {chip, line, false}, Pull::as_is);
  } catch (const GpioError& error) {
    return error.what();
  }
  return "";
}

/// Which of the chips has been asked for line 4.
std::string chosen(FakeGpio& gpio, const std::string& chip) {
  const auto line = open_input(gpio.chips(), {chip, "4", false}, Pull::as_is);
  for (const auto& one : gpio.all) {
    if (one.lines.contains(4)) return one.name;
  }
  return "";
}

const FakeGpio::Chip kExpander{"gpiochip1", "raspberrypi-exp-gpio", {}, {}};

}  // namespace

TEST_CASE("a line is found by its number or its name") {
  FakeGpio gpio;
  const auto by_number = open_input(gpio.chips(), {"", "4", true}, Pull::up);
  CHECK(gpio.line(4).is_taken);
  CHECK(gpio.line(4).active_low);
  CHECK(gpio.line(4).pull == Pull::up);
  const auto by_name = open_output(gpio.chips(), {"", "GPIO17", false}, true);
  CHECK(gpio.line(17).is_taken);
  CHECK(gpio.line(17).active);
}

TEST_CASE("a line that there is not is answered with those that there are") {
  FakeGpio gpio;
  CHECK_THAT(failure(gpio, "", "54"), ContainsSubstring("gpiochip0 has no line 54; it has 0 to 53"));
  CHECK_THAT(failure(gpio, "", "-1"), ContainsSubstring("has no line -1"));
  CHECK_THAT(failure(gpio, "", "door"), ContainsSubstring("has no line door; gpioinfo shows"));
}

TEST_CASE("without a chip in the settings the one with the pins is meant, or the only one") {
  FakeGpio gpio;
  gpio.all.insert(gpio.all.begin(), kExpander);
  CHECK(chosen(gpio, "") == "gpiochip0");
  gpio.all = {kExpander};
  CHECK(chosen(gpio, "") == "gpiochip1");
  gpio.all = {kExpander, {"gpiochip2", "another", {}, {}}};
  CHECK_THAT(failure(gpio, "", "4"), ContainsSubstring("gpiochip1 (raspberrypi-exp-gpio), gpiochip2 (another)"));
}

TEST_CASE("a chip is found by its name, a link to it, its path or its label") {
  for (const char* name : {"gpiochip1", "gpiochip4", "/dev/gpiochip1", "/dev/gpiochip4", "raspberrypi-exp-gpio"}) {
    FakeGpio gpio;
    gpio.all.push_back(kExpander);
    gpio.all.back().link = "gpiochip4";
    CHECK(chosen(gpio, name) == "gpiochip1");
  }
  FakeGpio gpio;
  CHECK_THAT(failure(gpio, "gpiochip7", "4"),
             ContainsSubstring("gpiochip7") && ContainsSubstring("there is gpiochip0"));
  gpio.all.clear();
  CHECK_THAT(failure(gpio, "", "4"), ContainsSubstring("no GPIO chip"));
}

TEST_CASE("waiting for edges ends with one, at its time, or at a stop") {
  const common::WakeUp edges;
  const common::SystemClock clock;
  constexpr std::int64_t kLong = 600 * common::kSecond;
  std::stop_source stop;

  CHECK_FALSE(wait_for_edges(edges.fd(), stop.get_token(), clock.monotonic_ns()));
  const std::int64_t until_ns = clock.monotonic_ns() + 20 * common::kMillisecond;
  CHECK_FALSE(wait_for_edges(edges.fd(), stop.get_token(), until_ns));
  CHECK(clock.monotonic_ns() >= until_ns);

  auto waiting = std::async(std::launch::async,
                            [&] { return wait_for_edges(edges.fd(), stop.get_token(), clock.monotonic_ns() + kLong); });
  edges.signal();
  CHECK(waiting.get());
  edges.clear();

  waiting = std::async(std::launch::async,
                       [&] { return wait_for_edges(edges.fd(), stop.get_token(), clock.monotonic_ns() + kLong); });
  stop.request_stop();
  CHECK_FALSE(waiting.get());
}

TEST_CASE("a chip that goes while it is waited for is an error, not an endless wait") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const common::UniqueFd read(ends[0]);
  ::close(ends[1]);  // poll tells of that as of a device that has gone
  CHECK_THROWS_AS(wait_for_edges(read.get(), {}, common::SystemClock().monotonic_ns() + common::kSecond), GpioError);
}

TEST_CASE("a line that cannot be had says why") {
  CHECK_THAT(line_error("gpiochip0", 17, EBUSY).what(), ContainsSubstring("line 17 of gpiochip0 is in use already"));
  CHECK_THAT(line_error("gpiochip0", 17, ENODEV).what(), ContainsSubstring("has gone"));
  CHECK_THAT(line_error("gpiochip0", 17, EINVAL).what(), ContainsSubstring("look at pull"));
}

TEST_CASE("the chips of this computer can be asked for, whatever they are") {
  try {
    for (const auto& chip : gpio_chips()) CHECK_FALSE(chip->name().empty());
  } catch (const GpioError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("its group"));
  }
}
