#include "common/message_rows.hpp"

#include <limits>
#include <utility>

#include "catch.hpp"

using namespace common;

namespace {

template <typename Value>
Message samples(const std::string& dtype, std::vector<std::int64_t> shape, const std::vector<Value>& values) {
  Message message;
  message.text = "Barn|samples|animals";
  message.boot = 1;
  message.seq = 17;
  message.time_ns = 1'795'168'800'125'000'000;
  message.array = ArrayForm{dtype, std::move(shape)};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  message.payload = Payload(Bytes(bytes, bytes + values.size() * sizeof(Value)));
  return message;
}

MessageRows good(const Message& message) {
  auto result = rows_of(message);
  if (const auto* wrong = std::get_if<std::string>(&result)) FAIL(*wrong);
  return std::get<MessageRows>(std::move(result));
}

std::string wrong(const Message& message) {
  const auto result = rows_of(message);
  const auto* text = std::get_if<std::string>(&result);
  return text == nullptr ? "in order" : *text;
}

}  // namespace

TEST_CASE("an array is a row, with the number of its message and its time") {
  Message message = samples<float>("float32", {2, 2}, {20.5F, 0.1F, -13.75F, 3e-20F});
  message.units = {{"samples", "C"}, {"max", "F"}};
  const MessageRows rows = good(message);
  CHECK(rows.chunk.header == "ID,Timestamp,r0c0 (C),r0c1 (C),r1c0 (C),r1c1 (C)");
  REQUIRE(rows.chunk.rows.size() == 1);
  CHECK(rows.chunk.rows[0].text == "17,1795168800.125000,20.5,0.1,-13.75,3e-20");
  CHECK(rows.chunk.rows[0].id == 17);
  CHECK(rows.chunk.rows[0].time_ns == message.time_ns);
}

TEST_CASE("values of all types are told to the last digit") {
  CHECK(good(samples<double>("float64", {1}, {0.1})).chunk.rows[0].text == "17,1795168800.125000,0.1");
  CHECK(good(samples<double>("float64", {1}, {0.1})).chunk.header == "ID,Timestamp,c0");
  CHECK(good(samples<std::uint8_t>("uint8", {2}, {0, 255})).chunk.rows[0].text == "17,1795168800.125000,0,255");
  CHECK(good(samples<std::int8_t>("int8", {1}, {-128})).chunk.rows[0].text == "17,1795168800.125000,-128");
  CHECK(good(samples<std::uint16_t>("uint16", {1}, {65535})).chunk.rows[0].text == "17,1795168800.125000,65535");
  CHECK(good(samples<std::int32_t>("int32", {1}, {-7})).chunk.rows[0].text == "17,1795168800.125000,-7");
  CHECK(good(samples<std::uint64_t>("uint64", {1}, {std::numeric_limits<std::uint64_t>::max()})).chunk.rows[0].text ==
        "17,1795168800.125000,18446744073709551615");
}

TEST_CASE("rows that were made of an array outlive it, and being moved") {
  MessageRows rows;
  { rows = good(samples<float>("float32", {1, 1}, {1.5F})); }
  const MessageRows moved = std::move(rows);
  CHECK(moved.chunk.rows[0].text == "17,1795168800.125000,1.5");
}

TEST_CASE("a unit with a comma or a line end does not break the header") {
  Message message = samples<float>("float32", {1}, {1});
  message.units = {{"samples", "a,b\r\nc"}};
  CHECK(good(message).chunk.header == "ID,Timestamp,\"c0 (a,b\r\nc)\"");
}

TEST_CASE("what is only shown has its time as ID, since it has no number") {
  Message message = samples<float>("float32", {1}, {1});
  message.seq.reset();
  CHECK(good(message).chunk.rows[0].id == 1'795'168'800'125);
}

TEST_CASE("an array that is no row says what to send") {
  Message message = samples<float>("float32", {1, 1, 1}, {1});
  CHECK(wrong(message) == "the array has 3 dimensions; send 1 or 2");
  message.array->shape = {};
  CHECK(wrong(message) == "the array has 0 dimensions; send 1 or 2");
  CHECK(wrong(samples<float>("float32", {0, 8}, {})) == "send 1 to 998 values in an array");
  CHECK(wrong(samples<std::uint16_t>("float16", {1}, {0})) ==
        "values of float16 are not stored; send float32, float64 or whole numbers");
  message.array.reset();
  CHECK(wrong(message) == "there is no array; send dtype and shape");
}

TEST_CASE("an array of more values than a row has columns is no row") {
  CHECK(fits_row({"uint8", {998}}));
  CHECK(fits_row({"uint8", {2, 499}}));
  CHECK_FALSE(fits_row({"uint8", {999}}));
  CHECK_FALSE(fits_row({"uint8", {std::numeric_limits<std::int64_t>::max(), 4}}));
  CHECK(good(samples<std::uint8_t>("uint8", {998}, std::vector<std::uint8_t>(998))).chunk.rows.size() == 1);
  CHECK(wrong(samples<std::uint8_t>("uint8", {999}, std::vector<std::uint8_t>(999))) ==
        "send 1 to 998 values in an array");
}

TEST_CASE("data brings its CSV") {
  Message message;
  message.text = "Lab|data|arduino";
  message.boot = 1;
  const std::string csv = "ID,Timestamp,a\r\n1,5.5,2\r\n";
  message.payload = Payload(Bytes(csv.begin(), csv.end()));
  CHECK(wrong(message) == "its content is ''; send text/csv");
  message.content = "text/csv; charset=utf-8";
  CHECK(good(message).chunk.rows[0].text == "1,5.5,2");
}
