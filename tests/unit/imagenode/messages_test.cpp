#include "imagenode/messages.hpp"

#include "catch.hpp"
#include "common/message_rows.hpp"

using namespace imagenode;

namespace {

Reading reading() {
  Reading made;
  made.source = "animals";
  made.time_ns = 1'795'168'800'000'000'000;
  made.monotonic_ns = 5;
  made.fields = {{"max", 34.5}};
  made.units = {{"max", "C"}};
  made.text = "sensor animals|max 34.5 C";
  return made;
}

}  // namespace

TEST_CASE("a reading is an event of its node, with its numbers and the small picture") {
  const Messages messages("Barn", tiny_picture(SendType::jpg));
  const common::Message event = messages.event(reading());
  CHECK(event.text == "Barn|sensor animals|max 34.5 C");
  CHECK(event.node == "Barn");
  CHECK(event.source == "animals");
  CHECK(event.fields.at("max") == 34.5);
  CHECK(event.units.at("max") == "C");
  CHECK(event.time_ns == 1'795'168'800'000'000'000);
  CHECK(event.monotonic_ns == 5);
  CHECK_FALSE(event.payload.empty());
  Reading value = reading();
  value.text = "warm|value|above";
  value.sender_is_source = true;
  CHECK(messages.event(value).text == "Barn animals|warm|value|above");
}

TEST_CASE("the grid of a reading is an array of float32 that a hub files as a row") {
  const Messages messages("Barn", tiny_picture(SendType::jpg));
  Reading made = reading();
  made.grid = Grid{{20.5F, 21, -2, 34.5F, 0, 1}, 2, 3, "C"};
  common::Message samples = messages.samples(made);
  CHECK(samples.text == "Barn|samples|animals");
  CHECK(samples.node == "Barn");
  CHECK(samples.source == "animals");
  CHECK(samples.time_ns == made.time_ns);
  CHECK(samples.fields == made.fields);
  CHECK(samples.units == std::map<std::string, std::string>{{"max", "C"}, {"samples", "C"}});
  REQUIRE(samples.array);
  CHECK(samples.array->dtype == "float32");
  CHECK(samples.array->shape == std::vector<std::int64_t>{2, 3});
  samples.boot = 1;
  samples.seq = 4;
  const auto rows = common::rows_of(samples);
  REQUIRE(std::holds_alternative<common::MessageRows>(rows));
  CHECK(std::get<common::MessageRows>(rows).chunk.rows[0].text == "4,1795168800.000000,20.5,21,-2,34.5,0,1");
}
