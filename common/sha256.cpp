#include "common/sha256.hpp"

#include <sodium/crypto_hash_sha256.h>

#include <algorithm>
#include <array>

namespace common {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

std::string hex(const std::array<std::uint8_t, crypto_hash_sha256_BYTES>& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace

std::string sha256(ByteView bytes) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return hex(digest);
}

std::string sha256(OpenFile& file, std::uint64_t bytes) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  Bytes block(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kBlock)));
  for (std::uint64_t offset = 0; offset < bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - offset, block.size()));
    const std::size_t count = file.read(offset, {block.data(), wanted});
    if (count == 0) break;
    crypto_hash_sha256_update(&state, block.data(), count);
    offset += count;
  }
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  return hex(digest);
}

}  // namespace common
