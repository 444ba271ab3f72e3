#include "imagenode/output/audience.hpp"

#include <memory>
#include <thread>

#include "catch.hpp"
#include "fake_clock.hpp"
#include "fake_gpio.hpp"

using namespace imagenode;

namespace {

common::MessagePtr event(const std::string& text, const std::string& view, const std::string& source = "") {
  auto message = std::make_shared<common::Message>();
  message->text = text;
  message->view = view;
  message->source = source;
  return message;
}

/// A light that goes by the darkness of the view door, with the thread that switches it.
struct Light {
  explicit Light(FakeGpio& gpio)
      : lamp(
            {"L1", "L1", {"", "18"}, {}, Darkness{"door", 0}}, gpio.chips(), [](const Reading&) {}, clock, liveness) {}

  /// Whether it is on once it has looked at all that was said before.
  bool is_on(FakeGpio& gpio) {
    lamp.start();
    const auto request = std::make_shared<LightRequest>(LightOrder::automatic);
    lamp.request(request);
    while (!request->done) std::this_thread::yield();
    return gpio.line(18).active;
  }

  const FakeClock clock;
  common::Liveness liveness;
  Lamp lamp;
};

}  // namespace

TEST_CASE("a light that is new hears the newest word that was said before") {
  FakeGpio gpio;
  Audience audience;
  audience.hear(event("Barn door|light|lighted", "door"));
  audience.hear(event("Barn door|light|dark", "door"));
  audience.hear(event("Barn yard|light|lighted", "yard"));
  audience.hear(event("Barn|light|lighted", "door", "M1"));
  Light light(gpio);
  audience.become({&light.lamp}, {});
  CHECK(light.is_on(gpio));
}

TEST_CASE("a light that has left hears nothing any more") {
  FakeGpio gpio;
  Audience audience;
  Light light(gpio);
  audience.become({&light.lamp}, {});
  audience.become({}, {});
  audience.hear(event("Barn door|light|dark", "door"));
  CHECK_FALSE(light.is_on(gpio));
}

TEST_CASE("a light hears what is said") {
  FakeGpio gpio;
  Audience audience;
  Light light(gpio);
  audience.become({&light.lamp}, {});
  audience.hear(event("Barn door|light|dark", "door"));
  CHECK(light.is_on(gpio));
}
