#include "imagenode/camera/jpeg_packet.hpp"

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "imagenode/camera/test_scene.hpp"

using namespace imagenode;
using common::Bytes;

namespace {

Bytes sample() {
  return common::encode_jpeg(TestScene({64, 48}).draw(0));
}

/// The same without its Huffman tables, as webcams send it.
Bytes without_tables(const Bytes& jpeg) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xDA) {
    const std::size_t length = 2U + (static_cast<std::size_t>(jpeg[at + 2]) << 8U | jpeg[at + 3]);
    const auto from = jpeg.begin() + static_cast<std::ptrdiff_t>(at);
    if (jpeg[at + 1] != 0xC4) out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(length));
    at += length;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

}  // namespace

TEST_CASE("what lies behind the picture in a packet is removed") {
  const Bytes jpeg = sample();
  CHECK(jpeg_from_packet(jpeg) == jpeg);

  Bytes padded = jpeg;
  padded.resize(jpeg.size() + 100);
  CHECK(jpeg_from_packet(padded) == jpeg);

  Bytes with_old_end = jpeg;
  with_old_end.insert(with_old_end.end(), jpeg.end() - 200, jpeg.end());
  CHECK(jpeg_from_packet(with_old_end) == jpeg);
}

TEST_CASE("a packet without Huffman tables becomes a JPEG that can be decoded") {
  const Bytes bare = without_tables(sample());
  REQUIRE(bare.size() < sample().size());
  const auto jpeg = jpeg_from_packet(bare);
  REQUIRE(jpeg);
  common::Image picture;
  common::decode_bgr(*jpeg, 1, picture);
  common::Image expected;
  common::decode_bgr(sample(), 1, expected);
  CHECK(picture.pixels == expected.pixels);
}

TEST_CASE("a packet that is cut short or no JPEG is refused") {
  const Bytes jpeg = sample();
  for (std::size_t size = 0; size < jpeg.size(); ++size) {
    INFO(size);
    REQUIRE_FALSE(jpeg_of_packet(common::ByteView(jpeg).first(size)));
  }
  CHECK_FALSE(jpeg_from_packet(Bytes(100, 0xFF)));
  CHECK_FALSE(jpeg_from_packet(Bytes{0xFF, 0xD8, 0x00, 0xD9}));
}
