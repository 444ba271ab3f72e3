#include "common/jpeg.hpp"

#include <turbojpeg.h>

#include <memory>

namespace common {
namespace {

struct HandleDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, HandleDeleter>;

tjhandle decompressor() {
  thread_local const Handle handle(tjInitDecompress());
  return handle.get();
}

tjhandle compressor() {
  thread_local const Handle handle(tjInitCompress());
  return handle.get();
}

tjhandle transformer() {
  thread_local const Handle handle(tjInitTransform());
  return handle.get();
}

/// A warning (a cut picture, say) leaves a usable picture; only errors count.
void check(tjhandle handle, int result) {
  if (result != 0 && tjGetErrorCode(handle) == TJERR_FATAL) throw JpegError(tjGetErrorStr2(handle));
}

void decode(ByteView jpeg, int scale, int pixel_format, int channels, Image& out) {
  const JpegSize size = jpeg_size(jpeg);
  const tjscalingfactor factor{1, scale};
  out.width = TJSCALED(size.width, factor);
  out.height = TJSCALED(size.height, factor);
  out.channels = channels;
  out.bytes_per_sample = 1;
  out.pixels.resize(out.size_bytes());
  tjhandle handle = decompressor();
  check(handle, tjDecompress2(handle, jpeg.data(), jpeg.size(), out.pixels.data(), out.width, 0, out.height,
                              pixel_format, TJFLAG_ACCURATEDCT));
}

struct Header {
  JpegSize size;
  int colour_space = 0;
};

Header read_header(ByteView jpeg) {
  Header header;
  int subsampling = 0;
  tjhandle handle = decompressor();
  if (tjDecompressHeader3(handle, jpeg.data(), jpeg.size(), &header.size.width, &header.size.height, &subsampling,
                          &header.colour_space) != 0) {
    throw JpegError(tjGetErrorStr2(handle));
  }
  return header;
}

/// TurboJPEG's buffer, copied once into a vector of the right size.
class Compressed {
 public:
  Compressed() = default;
  Compressed(const Compressed&) = delete;
  Compressed& operator=(const Compressed&) = delete;
  ~Compressed() { tjFree(data_); }
  unsigned char** data() { return &data_; }
  unsigned long* size() { return &size_; }
  Bytes bytes() const { return {data_, data_ + size_}; }

 private:
  unsigned char* data_ = nullptr;
  unsigned long size_ = 0;
};

constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kSoi = 0xD8;
constexpr std::uint8_t kEoi = 0xD9;
constexpr std::uint8_t kSos = 0xDA;
constexpr std::uint8_t kDht = 0xC4;

/// Position of the segment with this marker, looking no further than the start of scan.
std::optional<std::size_t> find_segment(ByteView jpeg, std::uint8_t wanted) {
  std::size_t at = 2;
  while (at + 4 <= jpeg.size() && jpeg[at] == kMarker) {
    const std::uint8_t marker = jpeg[at + 1];
    if (marker == wanted) return at;
    if (marker == kSos) return std::nullopt;
    at += 2 + (static_cast<std::size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3]);
  }
  return std::nullopt;
}

/// One DHT segment with the four standard tables, taken from what the library itself writes.
const Bytes& standard_tables() {
  static const Bytes tables = [] {
    const Bytes sample = encode_jpeg(Image::make(16, 16, 3), kJpegQuality);
    Bytes found;
    std::size_t at = 2;
    while (at + 4 <= sample.size() && sample[at + 1] != kSos) {
      const std::size_t length = 2 + (static_cast<std::size_t>(sample[at + 2]) << 8 | sample[at + 3]);
      if (sample[at + 1] == kDht) {
        found.insert(found.end(), sample.begin() + static_cast<std::ptrdiff_t>(at),
                     sample.begin() + static_cast<std::ptrdiff_t>(at + length));
      }
      at += length;
    }
    return found;
  }();
  return tables;
}

}  // namespace

ByteView without_padding(ByteView jpeg) {
  std::size_t size = jpeg.size();
  while (size > 0 && jpeg[size - 1] == 0) --size;
  return jpeg.first(size);
}

bool is_whole_jpeg(ByteView jpeg) {
  const ByteView whole = without_padding(jpeg);
  return whole.size() >= 4 && whole[0] == kMarker && whole[1] == kSoi && whole[whole.size() - 2] == kMarker &&
         whole[whole.size() - 1] == kEoi;
}

std::optional<Bytes> with_huffman_tables(ByteView jpeg) {
  if (find_segment(jpeg, kDht)) return std::nullopt;
  const auto scan = find_segment(jpeg, kSos);
  if (!scan) return std::nullopt;
  const Bytes& tables = standard_tables();
  Bytes whole;
  whole.reserve(jpeg.size() + tables.size());
  whole.insert(whole.end(), jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(*scan));
  whole.insert(whole.end(), tables.begin(), tables.end());
  whole.insert(whole.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(*scan), jpeg.end());
  return whole;
}

JpegSize jpeg_size(ByteView jpeg) {
  return read_header(jpeg).size;
}

void decode_gray(ByteView jpeg, int scale, Image& out) {
  decode(jpeg, scale, TJPF_GRAY, 1, out);
}
void decode_bgr(ByteView jpeg, int scale, Image& out) {
  decode(jpeg, scale, TJPF_BGR, 3, out);
}

Bytes encode_jpeg(const Image& image, int quality) {
  const bool gray = image.channels == 1;
  if ((!gray && image.channels != 3) || image.bytes_per_sample != 1) {
    throw JpegError("only 8-bit grey or BGR pictures can become JPEG");
  }
  Compressed out;
  tjhandle handle = compressor();
  check(handle, tjCompress2(handle, image.pixels.data(), image.width, 0, image.height, gray ? TJPF_GRAY : TJPF_BGR,
                            out.data(), out.size(), gray ? TJSAMP_GRAY : TJSAMP_420, quality, 0));
  return out.bytes();
}

std::optional<Bytes> without_colour(ByteView jpeg) {
  const int colour_space = read_header(jpeg).colour_space;
  if (colour_space != TJCS_YCbCr && colour_space != TJCS_GRAY) return std::nullopt;
  Compressed out;
  tjtransform transform{};
  transform.options = TJXOPT_GRAY;
  tjhandle handle = transformer();
  check(handle, tjTransform(handle, jpeg.data(), jpeg.size(), 1, out.data(), out.size(), &transform, 0));
  return out.bytes();
}

Bytes encode_jpeg_yuv420(ByteView planes, int width, int height, int quality) {
  Compressed out;
  tjhandle handle = compressor();
  check(handle,
        tjCompressFromYUV(handle, planes.data(), width, 1, height, TJSAMP_420, out.data(), out.size(), quality, 0));
  return out.bytes();
}

}  // namespace common
