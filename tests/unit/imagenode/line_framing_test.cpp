#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

/// What a framing makes of bytes that come in pieces.
struct Cut final : FrameSink {
  explicit Cut(const std::string& keys) : framing(LineBench::settings("type: stdin, " + keys).framing()) {}

  void frame(std::string_view bytes, const Moment& first) override {
    frames.emplace_back(bytes);
    times.push_back(first.utc_ns);
  }
  void bad_frame(std::string_view bytes, const Moment&, const std::string& reason) override {
    bad.push_back(std::string(bytes) + ": " + reason);
  }
  bool take(std::string_view bytes) { return framing->take(bytes, {++now, now, true}, *this); }
  void take(std::string_view bytes, bool byte_by_byte) {
    if (!byte_by_byte) take(bytes);
    for (std::size_t at = 0; byte_by_byte && at < bytes.size(); ++at) take(bytes.substr(at, 1));
  }

  std::unique_ptr<Framing> framing;
  std::vector<std::string> frames;
  std::vector<std::string> bad;
  std::vector<std::int64_t> times;
  std::int64_t now = 0;
};

using Frames = std::vector<std::string>;

}  // namespace

TEST_CASE("lines end with LF or CR LF, however they come in pieces") {
  for (const bool slowly : {false, true}) {
    Cut cut("fields: [a], max_length: 3");
    const std::string bytes = "1\n\r\n22\r\n\n333\r\n333\n4\r4\nre";
    cut.take(bytes, slowly);
    CHECK(cut.frames == Frames{"1", "22", "333", "333", "4\r4"});
    CHECK(cut.bad.empty());
    CHECK(cut.framing->pending() == 2);
  }
}

TEST_CASE("a line that is too long is refused once, and the next is good again") {
  for (const bool slowly : {false, true}) {
    Cut cut("fields: [a], max_length: 3");
    const std::string bytes = "1234\n12\n" + std::string(100, 'x') + "\r\n123\r4\n3\n";
    cut.take(bytes, slowly);
    CHECK(cut.frames == Frames{"12", "3"});
    CHECK(cut.bad.size() == 3);
    CHECK(cut.framing->pending() == 0);
  }
}

TEST_CASE("a line has the time of its first byte") {
  Cut cut("fields: [a]");
  cut.take("1\n2");
  cut.take("2");
  cut.take("\n3\n");
  CHECK(cut.frames == Frames{"1", "22", "3"});
  CHECK(cut.times == std::vector<std::int64_t>{1, 1, 3});
}

namespace {

const std::string kStruct = "format: struct, fields: [{name: a, type: uint8}, {name: b, type: uint8}], ";

}  // namespace

TEST_CASE("length-prefixed frames, however they come in pieces") {
  for (const bool slowly : {false, true}) {
    Cut cut("framing: length, length_type: uint16, endianness: big, format: raw, max_length: 300");
    const std::string longest(300, 'x');
    cut.take(std::string("\0\3abc\0\0\0\1d\1\54", 12) + longest + std::string("\0\2e", 3), slowly);
    CHECK(cut.frames == Frames{"abc", "d", longest});
    CHECK(cut.framing->pending() == 3);
  }
}

TEST_CASE("a stream whose length cannot be right is given up") {
  Cut cut("framing: length, length_type: uint8, format: raw, max_length: 3");
  CHECK(cut.take(std::string("\3abc")));
  CHECK_FALSE(cut.take(std::string("\4abcd")));
  CHECK(cut.bad.size() == 1);
}

TEST_CASE("fixed frames are found by their start and checksum") {
  for (const bool slowly : {false, true}) {
    Cut cut(kStruct + "start: AA 55, checksum: sum8");
    const std::string good = "\xAA\x55\x01\x02\x03";
    const std::string start_within = "\xAA\x55\xAA\x55\xFF";  // AA + 55 = FF: a frame all the same
    cut.take("xy" + good + good + "\xAA" + good + "\xAA\x55\x01\x02\x04" + start_within + good + "\xAA", slowly);
    const std::string frame = "\x01\x02";
    CHECK(cut.frames == Frames{frame, frame, frame, "\xAA\x55", frame});
    CHECK(cut.bad.size() == 3);  // xy, AA, and the one with the wrong sum
    CHECK(cut.framing->pending() == 1);
  }
}

TEST_CASE("a frame is found although its start lies in what was taken for one") {
  Cut cut(kStruct + "start: AA, checksum: xor8");
  cut.take("\xAA\x01\xAA\x01\x02\x03");
  CHECK(cut.frames == Frames{"\x01\x02"});
}

TEST_CASE("fixed frames without a start are told apart by their checksum, or by their length alone") {
  Cut sum(kStruct + "checksum: crc16_modbus");
  sum.take(std::string("\x07\x01\x02\x81\xE1", 5));
  CHECK(sum.frames == Frames{"\x01\x02"});
  Cut bare(kStruct);
  bare.take("abcde");
  CHECK(bare.frames == Frames{"ab", "cd"});
}

TEST_CASE("a checksum may cover the start") {
  Cut cut(kStruct + "start: 10, checksum: sum8, checksum_from: start");
  cut.take("\x10\x01\x02\x13");
  CHECK(cut.frames == Frames{"\x01\x02"});
}

TEST_CASE("what framings cannot do without is asked for") {
  const auto wrong = [](const std::string& keys) { return LineBench::problems("type: stdin, " + keys); };
  CHECK_THAT(wrong("framing: fixed, fields: [a]"), ContainsSubstring("fixed frames need format: struct"));
  CHECK_THAT(wrong(kStruct + "framing: lines"), ContainsSubstring("binary frames are not lines"));
  CHECK_THAT(wrong(kStruct + "start: A"), ContainsSubstring("in hexadecimal"));
  CHECK_THAT(wrong(kStruct + "start: XY"), ContainsSubstring("in hexadecimal"));
  CHECK_THAT(wrong(kStruct + "checksum: md5"), ContainsSubstring("is not one of none, sum8"));
}
