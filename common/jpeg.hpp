#pragma once

#include <optional>
#include <stdexcept>

#include "common/image.hpp"
#include "common/payload.hpp"

/// JPEG by TurboJPEG, with one handle per thread. All functions are thread-safe and throw JpegError on damaged data.
namespace common {

struct JpegError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct JpegSize {
  int width = 0;
  int height = 0;
};

/// imagenode's quality since its first version (OpenCV's default).
inline constexpr int kJpegQuality = 95;

/// Whether the bytes begin with SOI and end with EOI; zero padding behind EOI, as some webcams send it, counts as
/// whole.
bool is_whole_jpeg(ByteView jpeg);

/// The JPEG without padding behind EOI.
ByteView without_padding(ByteView jpeg);

/// Motion JPEG leaves out the Huffman tables that every decoder of single pictures wants: nothing when they are
/// there, else the whole JPEG with the standard tables (ISO 10918-1, annex K.3) put in.
std::optional<Bytes> with_huffman_tables(ByteView jpeg);

JpegSize jpeg_size(ByteView jpeg);

/// Luminance alone, chrominance is not computed. `scale` 1, 2, 4 or 8 gives the picture at 1/scale of its size
/// (rounded up). `out` is reused.
void decode_gray(ByteView jpeg, int scale, Image& out);

/// In colour, at the same scales.
void decode_bgr(ByteView jpeg, int scale, Image& out);

/// 8-bit images of 1 (grey) or 3 (BGR) channels; colour is subsampled 4:2:0.
Bytes encode_jpeg(const Image& image, int quality = kJpegQuality);

/// The JPEG in grey without loss: its luminance is taken over as it is compressed. Nothing when it has none, because it
/// is not in YCbCr or grey.
std::optional<Bytes> without_colour(ByteView jpeg);

/// From YUV 4:2:0 planes, one after the other without padding; width and height are even.
Bytes encode_jpeg_yuv420(ByteView planes, int width, int height, int quality = kJpegQuality);

}  // namespace common
