#include "common/crc32c.hpp"

#include <random>
#include <string_view>

#include "catch.hpp"

using namespace common;

namespace {

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("the check value of RFC 3720 comes out") {
  CHECK(crc32c(bytes_of("123456789")) == 0xE3069283U);
  CHECK(crc32c_by_table(bytes_of("123456789")) == 0xE3069283U);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("table and instruction agree for every size and alignment") {
  std::mt19937 random(1);
  Bytes bytes(400);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t size = 0; size <= 300; ++size) {
    const ByteView view(bytes.data() + size % 9, size);
    INFO(size);
    REQUIRE(crc32c(view) == crc32c_by_table(view));
  }
}
