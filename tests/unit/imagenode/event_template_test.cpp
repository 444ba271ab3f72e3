#include "imagenode/output/event_template.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "common/local_time.hpp"

using namespace imagenode;

namespace {

common::Message event() {
  common::Message event;
  event.text = "Barn door|motion|moving|gate";
  event.node = "Barn";
  event.view = "door";
  event.source = "W1";
  event.time_ns = 1'795'168'800'123'456'789;
  event.fields = {{"area_percent", 12.5}, {"wind speed", -3}};
  return event;
}

std::string filled(const std::string& text) {
  return EventTemplate(text).filled(event());
}

}  // namespace

TEST_CASE("places in a text are filled with what the event says") {
  CHECK(filled("{text}") == "Barn door|motion|moving|gate");
  CHECK(filled("{node}, {view}, {source}") == "Barn, door, W1");
  CHECK(filled("{type}: {detail}!") == "motion: moving|gate!");
  CHECK(filled("at {time}") == "at " + common::log_stamp(event().time_ns));
  CHECK(filled("{unix}") == "1795168800.123");
  CHECK(filled("{field.area_percent} %, {field.wind speed} m/s") == "12.5 %, -3 m/s");
  CHECK(filled("{field.none}").empty());
  CHECK(filled("no places").size() == 9);
}

TEST_CASE("a brace itself is written twice") {
  CHECK(filled("{{\"a\": {{}}}}") == "{\"a\": {}}");
  CHECK(filled("{{text}}") == "{text}");
  CHECK(filled("{{{node}}}") == "{Barn}");
}

TEST_CASE("what an event says is not looked through for places") {
  common::Message sly = event();
  sly.node = "{text}";
  CHECK(EventTemplate("{node}").filled(sly) == "{text}");
}

TEST_CASE("an event without fields and details leaves their places empty") {
  common::Message bare;
  bare.text = "Barn";
  CHECK(EventTemplate("<{type}{detail}{view}>").filled(bare) == "<>");
}

TEST_CASE("one place for a number, and nothing else, is a number") {
  CHECK(EventTemplate("{field.area_percent}").is_number());
  CHECK(EventTemplate("{field.area_percent}").number(event()) == 12.5);
  CHECK_FALSE(EventTemplate("{field.none}").number(event()));
  CHECK_FALSE(EventTemplate("{field.area_percent} %").is_number());
  CHECK_FALSE(EventTemplate("{text}").is_number());
  CHECK(EventTemplate("{{}}").is_fixed());
  CHECK_FALSE(EventTemplate("{node}").is_fixed());
}

TEST_CASE("a place that no event has is refused, with those that there are") {
  for (const char* wrong : {"{temperature}", "{", "}", "a } b", "{field.}", "{text", "{ text }"}) {
    CHECK_THROWS_WITH(EventTemplate(wrong), ContainsSubstring("known are {text}"));
  }
}
