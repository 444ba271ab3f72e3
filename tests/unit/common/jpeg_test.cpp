#include "common/jpeg.hpp"

#include <cstdlib>

#include "catch.hpp"

using namespace common;

namespace {

/// A soft pattern: no hard edges, so that JPEG changes little.
Image gradient(int width, int height, int channels) {
  Image image = Image::make(width, height, channels);
  std::size_t at = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) image.pixels[at++] = static_cast<std::uint8_t>(40 + x + y / 2 + 10 * c);
    }
  }
  return image;
}

/// The picture without its tables, as a Motion JPEG webcam sends it.
Bytes without_tables(const Bytes& jpeg) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xDA) {
    const std::size_t length = 2 + (static_cast<std::size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3]);
    if (jpeg[at + 1] != 0xC4) {
      out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
                 jpeg.begin() + static_cast<std::ptrdiff_t>(at + length));
    }
    at += length;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

int largest_difference(const Bytes& a, const Bytes& b) {
  REQUIRE(a.size() == b.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
  return largest;
}

}  // namespace

TEST_CASE("a picture survives JPEG nearly unchanged") {
  const Image gray = gradient(64, 48, 1);
  Image decoded;
  decode_gray(encode_jpeg(gray), 1, decoded);
  CHECK(decoded.width == 64);
  CHECK(decoded.height == 48);
  CHECK(largest_difference(decoded.pixels, gray.pixels) <= 4);
  const Image colour = gradient(64, 48, 3);
  decode_bgr(encode_jpeg(colour), 1, decoded);
  CHECK(decoded.channels == 3);
  CHECK(largest_difference(decoded.pixels, colour.pixels) <= 8);
}

TEST_CASE("decoding gives each scale, rounded up") {
  const Bytes jpeg = encode_jpeg(gradient(101, 50, 3));
  for (const auto& [scale, width, height] : {std::tuple{1, 101, 50}, {2, 51, 25}, {4, 26, 13}, {8, 13, 7}}) {
    Image gray;
    decode_gray(jpeg, scale, gray);
    INFO(scale);
    CHECK(gray.width == width);
    CHECK(gray.height == height);
    CHECK(gray.channels == 1);
    CHECK(gray.pixels.size() == static_cast<std::size_t>(width * height));
    // The same place of the pattern at every scale.
    const auto middle = static_cast<std::size_t>(height / 2 * width + width / 2);
    CHECK(std::abs(int{gray.pixels[middle]} - (40 + 50 + 12 + 10)) <= 12);
    Image bgr;
    decode_bgr(jpeg, scale, bgr);
    CHECK(bgr.width == width);
    CHECK(bgr.height == height);
    CHECK(bgr.pixels.size() == static_cast<std::size_t>(3 * width * height));
    CHECK(std::abs(int{bgr.pixels[3 * middle + 2]} - (40 + 50 + 12 + 20)) <= 12);
  }
}

TEST_CASE("a JPEG without its colour is its luminance, bit for bit, and smaller") {
  const Bytes jpeg = encode_jpeg(gradient(101, 50, 3), 80);
  const auto gray = without_colour(jpeg);
  REQUIRE(gray);
  CHECK(gray->size() < jpeg.size());
  CHECK(is_whole_jpeg(*gray));
  Image before;
  Image after;
  decode_gray(jpeg, 1, before);
  decode_gray(*gray, 1, after);
  CHECK(after.pixels == before.pixels);
  Image bgr;
  decode_bgr(*gray, 1, bgr);
  CHECK(bgr.pixels[0] == after.pixels[0]);
  CHECK(bgr.pixels[2] == after.pixels[0]);
  // What is grey already stays so.
  CHECK(without_colour(*gray));
  CHECK_THROWS_AS(without_colour(Bytes(100, 7)), JpegError);
}

TEST_CASE("planes of YUV 4:2:0 become a JPEG of their luminance") {
  Bytes planes(32 * 16 * 3 / 2, 128);
  for (std::size_t i = 0; i < 32 * 16; ++i) planes[i] = 200;
  Image gray;
  decode_gray(encode_jpeg_yuv420(planes, 32, 16), 1, gray);
  CHECK(gray.width == 32);
  CHECK(gray.height == 16);
  CHECK(std::abs(int{gray.pixels[100]} - 200) <= 2);
}

TEST_CASE("the tables that Motion JPEG leaves out are put in") {
  const Image picture = gradient(64, 48, 3);
  const Bytes whole = encode_jpeg(picture);
  CHECK_FALSE(with_huffman_tables(whole));
  const Bytes bare = without_tables(whole);
  REQUIRE(bare.size() < whole.size());
  const auto repaired = with_huffman_tables(bare);
  REQUIRE(repaired);
  Image expected;
  Image got;
  decode_bgr(whole, 1, expected);
  decode_bgr(*repaired, 1, got);
  CHECK(got.pixels == expected.pixels);
}

TEST_CASE("padding behind the end of a JPEG is no part of it") {
  const Bytes jpeg = encode_jpeg(gradient(16, 16, 1));
  Bytes padded = jpeg;
  padded.resize(jpeg.size() + 500);
  CHECK(is_whole_jpeg(padded));
  CHECK(without_padding(padded).size() == jpeg.size());
  CHECK_FALSE(is_whole_jpeg(ByteView(jpeg).first(jpeg.size() - 1)));
  CHECK_FALSE(is_whole_jpeg(ByteView(jpeg).subspan(1)));
  CHECK_FALSE(is_whole_jpeg({}));
  CHECK_FALSE(is_whole_jpeg(Bytes(100)));
}

TEST_CASE("damaged data is an error, never a crash") {
  Image out;
  const Bytes noise(200, 0x55);
  CHECK_THROWS_AS(jpeg_size(noise), JpegError);
  CHECK_THROWS_AS(decode_gray(noise, 1, out), JpegError);
  CHECK_THROWS_AS(decode_bgr(ByteView{}, 1, out), JpegError);
  CHECK_THROWS_AS(encode_jpeg(Image::make(4, 4, 4)), JpegError);
  CHECK_FALSE(with_huffman_tables(noise));
  // A length that points behind the end, a length of zero, a marker at the very end.
  for (const Bytes& hostile :
       {Bytes{0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 0xFF, 0xD9}, Bytes{0xFF, 0xD8, 0xFF, 0xE0, 0, 0},
        Bytes{0xFF, 0xD8, 0xFF, 0xDA}, Bytes{0xFF, 0xD8, 0xFF}}) {
    CHECK_NOTHROW(with_huffman_tables(hostile));
  }
}
