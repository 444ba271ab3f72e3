#include "catch.hpp"
#include "imagenode/line/binary.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

std::vector<std::string> cells(const std::string& keys, const std::string& frame) {
  const auto format = LineBench::settings("type: stdin, format: struct, " + keys).format.make();
  Row row;
  const Parsed parsed = format->parse(frame, row);
  return parsed.what == Parsed::What::row ? row.cells : std::vector<std::string>{"bad", parsed.reason};
}

using Cells = std::vector<std::string>;

}  // namespace

TEST_CASE("every type of a struct, little-endian") {
  const std::string keys =
      "fields: [{name: a, type: int8}, {name: b, type: uint8}, {name: c, type: int16}, {name: d, type: uint16}, "
      "{name: e, type: int32}, {name: f, type: uint32}, {name: g, type: int64}, {name: h, type: uint64}, "
      "{name: i, type: float32}, {name: j, type: float64}]";
  const std::string frame = "\xFF\xFF" + std::string("\xFE\xFF\xFE\xFF", 4) + "\xFD\xFF\xFF\xFF\xFD\xFF\xFF\xFF" +
                            "\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFF" +
                            std::string("\xCD\xCC\xCC\x3D", 4) + std::string("\0\0\0\0\0\0\xF8\xBF", 8);
  CHECK(cells(keys, frame) ==
        Cells{"-1", "255", "-2", "65534", "-3", "4294967293", "-4", "18446744073709551612", "0.1", "-1.5"});
}

TEST_CASE("big-endian, for all or for one") {
  const std::string one = "{name: a, type: int16}";
  CHECK(cells("endianness: big, fields: [" + one + "]", "\xFF\xFE") == Cells{"-2"});
  CHECK(cells("fields: [{name: a, type: int16, endianness: big}, {name: b, type: int16}]", "\xFF\xFE\xFE\xFF") ==
        Cells{"-2", "-2"});
}

TEST_CASE("scale and offset make a value of a number") {
  CHECK(cells("fields: [{name: a, type: uint8, scale: 0.5, offset: -10}]", "\x15") == Cells{"0.5"});
}

TEST_CASE("a struct of another length, and what is no finite number, are refused") {
  CHECK(cells("fields: [{name: a, type: int16}]", "abc") == Cells{"bad", "3 bytes in the place of 2"});
  CHECK(cells("fields: [{name: a, type: float32}]", std::string("\0\0\xC0\x7F", 4)) ==
        Cells{"bad", "a is not a finite number"});
}

TEST_CASE("the type of a field of a struct has to be said") {
  CHECK_THAT(LineBench::problems("type: stdin, format: struct, fields: [a]"),
             ContainsSubstring("is required in a struct"));
}

TEST_CASE("checksums are those that others compute") {
  const std::string check = "123456789";
  CHECK(checksum_of(Checksum::sum8, check) == 0xDD);
  CHECK(checksum_of(Checksum::xor8, check) == 0x31);
  CHECK(checksum_of(Checksum::crc16_ccitt, check) == 0x29B1);
  CHECK(checksum_of(Checksum::crc16_modbus, check) == 0x4B37);
  CHECK(checksum_of(Checksum::crc32, check) == 0xCBF43926);
}
