#include "imagehub/care/wal_check.hpp"

#include <algorithm>
#include <bit>

#include "common/payload.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::uint32_t kMagic = 0x377f0682;
constexpr std::size_t kMaxPageSize = 65'536;
/// Each commit is synced before the next begins, so a power failure can have cut short one.
constexpr int kCutShort = 1;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

/// The running checksum of the log.
struct Checksum {
  bool words_big_endian = false;
  std::uint32_t a = 0;
  std::uint32_t b = 0;

  void add(common::ByteView bytes) {
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      a += word(&bytes[i]) + b;
      b += word(&bytes[i + 4]) + a;
    }
  }
  bool is(const std::uint8_t* bytes) const { return big_endian(bytes) == a && big_endian(bytes + 4) == b; }

 private:
  std::uint32_t word(const std::uint8_t* bytes) const {
    const std::uint32_t big = big_endian(bytes);
    return words_big_endian ? big : __builtin_bswap32(big);
  }
};

}  // namespace

std::optional<std::string> wal_damage(common::FileSystem& files, const std::filesystem::path& wal) {
  if (!common::exists(files, wal)) return std::nullopt;
  const auto file = files.open(wal, common::OpenMode::read);
  common::Bytes header(kHeaderSize);
  const bool empty = file->read(0, header) < kHeaderSize ||
                     std::all_of(header.begin(), header.end(), [](std::uint8_t byte) { return byte == 0; });
  if (empty) return std::nullopt;
  const std::uint32_t magic = big_endian(header.data());
  const std::size_t page_size = big_endian(&header[8]);
  Checksum checksum{(magic & 1U) != 0};
  checksum.add(common::ByteView(header).first(24));
  const bool good_header = (magic & ~1U) == kMagic && std::has_single_bit(page_size) && page_size >= 512 &&
                           page_size <= kMaxPageSize && checksum.is(&header[24]);
  if (!good_header) return "the beginning of its write-ahead log is damaged";
  common::Bytes frame(kFrameHeaderSize + page_size);
  std::uint64_t number = 0;
  std::uint64_t broken = 0;
  int commits_behind = 0;
  for (std::uint64_t offset = kHeaderSize; file->read(offset, frame) == frame.size(); offset += frame.size()) {
    ++number;
    const bool of_this_generation = std::equal(&frame[8], &frame[16], &header[16]);
    const bool commits = big_endian(&frame[4]) != 0;
    if (broken != 0 && of_this_generation && commits && ++commits_behind > kCutShort) {
      return common::cat("frame ", broken, " of its write-ahead log is damaged, and commits lie behind it");
    }
    if (broken != 0) continue;
    checksum.add(common::ByteView(frame).first(8));
    checksum.add(common::ByteView(frame).subspan(kFrameHeaderSize));
    if (!of_this_generation || !checksum.is(&frame[16])) broken = number;
  }
  return std::nullopt;
}

}  // namespace imagehub
