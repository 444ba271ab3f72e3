#include "common/wire.hpp"

#include <string>

#include "catch.hpp"
#include "common/crc32c.hpp"
#include "common/jpeg.hpp"
#include "common/text.hpp"

using namespace common;

namespace {

Payload jpeg() {
  return Payload(encode_jpeg(Image::make(16, 16, 3)));
}
Payload bytes(std::size_t count) {
  return Payload(Bytes(count, 7));
}

std::string refusal(const std::string& metadata, const Payload& payload = jpeg()) {
  const auto result = decode_message(metadata, payload);
  const auto* refused = std::get_if<Refusal>(&result);
  return refused == nullptr ? "accepted" : refused->reason;
}

Message accepted(const std::string& metadata, const Payload& payload = jpeg()) {
  auto result = decode_message(metadata, payload);
  const auto* refused = std::get_if<Refusal>(&result);
  INFO((refused != nullptr ? refused->detail : ""));
  REQUIRE(refused == nullptr);
  return std::get<Message>(std::move(result));
}

const std::string kBoot = R"("boot":"9f86d081884c7d65")";

}  // namespace

TEST_CASE("a message survives the wire with every key") {
  Message sent;
  sent.text = "Barn door|motion|moving";
  sent.node = "Barn";
  sent.view = "door";
  sent.source = "S1";
  sent.boot = 0x9f86d081884c7d65;
  sent.seq = 4711;
  sent.time_ns = 1795168800123456789;
  sent.clock_synchronised = false;
  sent.clock_error_us = 350;
  sent.late = true;
  sent.fields = {{"pressure", 4.2}};
  sent.units = {{"pressure", "cmH2O"}};
  sent.version = "imagenode/1";
  sent.host = "pi";
  sent.payload = jpeg();
  sent.crc = crc32c(sent.payload.view());
  const Message got = accepted(encode_metadata(sent, 2100), sent.payload);
  CHECK(got.text == sent.text);
  CHECK(got.node == sent.node);
  CHECK(got.view == sent.view);
  CHECK(got.source == sent.source);
  CHECK(got.boot == sent.boot);
  CHECK(got.seq == sent.seq);
  CHECK(got.time_ns == sent.time_ns);
  CHECK_FALSE(got.clock_synchronised);
  CHECK(got.age_us == 2100);
  CHECK(got.clock_error_us == 350);
  CHECK(got.late);
  CHECK(got.fields == sent.fields);
  CHECK(got.units == sent.units);
  CHECK(got.version == "imagenode/1");
  CHECK(got.host == "pi");
  CHECK(got.crc == sent.crc);
}

TEST_CASE("what is only shown is marked, and has no number") {
  Message sent;
  sent.text = "Lab|data|arduino";
  sent.boot = 7;
  CHECK_FALSE(accepted(encode_metadata(sent, 0)).only_shown());
  sent.live = true;
  CHECK(accepted(encode_metadata(sent, 0)).live);
  CHECK_FALSE(accepted(encode_metadata(sent, 0)).demo);
  sent.live = false;
  sent.demo = true;
  CHECK(accepted(encode_metadata(sent, 0)).demo);
  CHECK(accepted(encode_metadata(sent, 0)).only_shown());
  for (const std::string key : {"live", "demo"}) {
    CHECK(refusal(R"({"msg":"Lab|x",)" + kBoot + R"(,")" + key + R"(":1})") == "bad " + key);
    CHECK(refusal(R"({"msg":"Lab|x",)" + kBoot + R"(,"seq":1,")" + key + R"(":true})") == "bad " + key);
    CHECK(refusal(R"({"msg":"Lab|x",)" + kBoot + R"(,"seq":1,")" + key + R"(":false})") == "accepted");
  }
}

TEST_CASE("a plain imagezmq text is split at its first space") {
  const Message message = accepted(R"({"msg":"Barn back door|jpg"})");
  CHECK(message.node == "Barn");
  CHECK(message.view == "back door");
  CHECK_FALSE(message.boot);
  CHECK(message.crc);
}

TEST_CASE("metadata that cannot be taken is refused with its reason") {
  CHECK(refusal(R"({"msg":")" + std::string(70'000, 'a') + "\"}") == "metadata too large");
  CHECK(refusal(R"({"msg":"a|b","x":[[[[[[[[1]]]]]]]]})") == "metadata too deep");
  CHECK(refusal(std::string(60'000, '[')) == "metadata too deep");
  CHECK(refusal("{\"msg\":") == "invalid JSON");
  CHECK(refusal("") == "invalid JSON");
  CHECK(refusal("[1,2]") == "not an object");
  CHECK(refusal("\"text\"") == "not an object");
  CHECK(refusal(R"({"message":"a|b"})") == "no msg");
  CHECK(refusal(R"({"msg":17})") == "msg not a string");
  CHECK(refusal(R"({"msg":null})") == "msg not a string");
  CHECK(refusal(R"({"msg":"a\ud800|b"})") == "invalid JSON");
  CHECK(refusal("{\"msg\":\"a\xed\xa0\x80|b\"}") == "invalid JSON");
  CHECK(refusal(R"({"msg":"a|"})") == "empty field");
  CHECK(refusal(R"({"msg":"|jpg"})") == "empty field");
  CHECK(refusal(R"({"msg":" | "})") == "empty field");
  CHECK(refusal(R"({"msg":")" + std::string(9'000, 'a') + R"(|jpg"})") == "bad msg");
}

TEST_CASE("brackets inside strings do not count as nesting") {
  CHECK(refusal(R"({"msg":"a|[[[[[[[[[[\"[[["})") == "accepted");
}

TEST_CASE("our keys are refused with wrong types and absurd values") {
  const auto with = [](const std::string& key) { return refusal(R"({"msg":"a|b",)" + kBoot + "," + key + "}"); };
  CHECK(with(R"("seq":-1)") == "bad seq");
  CHECK(with(R"("seq":0)") == "bad seq");
  CHECK(with(R"("seq":1.5)") == "bad seq");
  CHECK(with(R"("seq":"1")") == "bad seq");
  CHECK(with(R"("seq":99999999999999999999)") == "bad seq");
  CHECK(with(R"("time_ns":1e300)") == "bad time_ns");
  CHECK(with(R"("time_ns":-5)") == "bad time_ns");
  CHECK(with(R"("time_ns":18446744073709551615)") == "bad time_ns");
  CHECK(with(R"("age_us":-1)") == "bad age_us");
  CHECK(with(R"("late":1)") == "bad late");
  CHECK(with(R"("node":["x"])") == "bad node");
  CHECK(with(R"("node":")" + std::string(9000, 'x') + "\"") == "bad node");
  CHECK(with(R"("fields":{"a":"b"})") == "bad fields");
  CHECK(with(R"("fields":[1])") == "bad fields");
  CHECK(with(R"("units":{"a":1})") == "bad units");
  CHECK(with(R"("crc":-1)") == "bad crc");
  CHECK(with(R"("crc":1)") == "wrong crc");
  CHECK(refusal(R"({"msg":"a|b","boot":"xyz"})") == "bad boot");
  CHECK(refusal(R"({"msg":"a|b","boot":12})") == "bad boot");
}

TEST_CASE("a time of capture before 2000 is that of a clock that was never set, and costs nobody the message") {
  for (const char* time : {"1", "60000000000", "946684799999999999"}) {
    const auto decoded = decode_message(cat(R"({"msg":"a|b","time_ns":)", time, "}"), Payload());
    REQUIRE(std::holds_alternative<Message>(decoded));
    CHECK_FALSE(std::get<Message>(decoded).clock_synchronised);
    CHECK(std::to_string(std::get<Message>(decoded).time_ns) == time);
  }
  for (const char* time : {"946684800000000000", "9223372036854775807"}) {
    const auto decoded = decode_message(cat(R"({"msg":"a|b","time_ns":)", time, "}"), Payload());
    REQUIRE(std::holds_alternative<Message>(decoded));
    CHECK(std::get<Message>(decoded).clock_synchronised);
  }
}

TEST_CASE("a name cannot end the field that it becomes part of") {
  for (const std::string key : {"node", "view", "source"}) {
    CHECK(refusal(R"({"msg":"a|b",")" + key + R"(":"evil|jpg"})") == "bad " + key);
  }
}

TEST_CASE("a text that begins with a space has a node all the same") {
  CHECK(accepted(R"({"msg":" Barn door|jpg"})").node == "Barn");
}

TEST_CASE("arrays whose form does not match their bytes are refused") {
  const auto with = [](const std::string& shape, const std::string& dtype = "uint8") {
    return refusal(R"({"msg":"a|image","dtype":")" + dtype + R"(","shape":)" + shape + "}", bytes(24));
  };
  CHECK(with("[2,4,3]") == "accepted");
  CHECK(with("[3,4]", "uint16") == "accepted");
  CHECK(with("[2,4,4]") == "shape mismatch");
  CHECK(with("[-2,-4,3]") == "bad shape");
  CHECK(with("[4294967296,4294967296,4294967296]") == "bad shape");
  CHECK(with("[1e3]") == "bad shape");
  CHECK(with("24") == "bad shape");
  CHECK(with("[2,4,3]", "object") == "bad dtype");
  CHECK(refusal(R"({"msg":"a|image"})", bytes(24)) == "bad shape");
  CHECK(refusal(R"({"msg":"a|image","dtype":"uint8"})", bytes(24)) == "bad shape");
}

TEST_CASE("a JPEG needs its start and its end") {
  Bytes whole = encode_jpeg(Image::make(16, 16, 3));
  const std::string metadata = R"({"msg":"a|jpg"})";
  CHECK(refusal(metadata, Payload(whole)) == "accepted");
  CHECK(refusal(metadata, Payload(Bytes(whole.begin(), whole.end() - 2))) == "not a JPEG");
  CHECK(refusal(metadata, Payload(Bytes(whole.begin() + 2, whole.end()))) == "not a JPEG");
  CHECK(refusal(metadata, Payload()) == "not a JPEG");
  whole.resize(whole.size() + 100);
  CHECK(refusal(metadata, Payload(whole)) == "accepted");
}

TEST_CASE("a refusal names the sequence number so that the sender can be told") {
  const auto result = decode_message(R"({"msg":"a|","boot":"9f86d081884c7d65","seq":12})", jpeg());
  REQUIRE(std::holds_alternative<Refusal>(result));
  CHECK(std::get<Refusal>(result).seq == 12);
}

TEST_CASE("names with separators, NUL and control characters are data") {
  const Message message = accepted("{\"msg\":\"../a\\u0000\\u001b/b|x\"}");
  CHECK(message.text == std::string("../a\0\x1b/b|x", 10));
}
