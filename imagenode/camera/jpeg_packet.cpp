#include "imagenode/camera/jpeg_packet.hpp"

#include <cstring>

#include "common/jpeg.hpp"

namespace imagenode {
namespace {

constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kSoi = 0xD8;
constexpr std::uint8_t kEoi = 0xD9;
constexpr std::uint8_t kSos = 0xDA;

/// Whether a marker with this code stands inside entropy-coded data: a stuffed byte, a restart, fill.
bool inside_scan(std::uint8_t code) {
  return code == 0 || code == kMarker || (code >= 0xD0 && code <= 0xD7);
}

/// Position of the marker that ends the scan which begins at `at`; the size of the packet when none does.
std::size_t end_of_scan(common::ByteView packet, std::size_t at) {
  while (at + 1 < packet.size()) {
    const void* found = std::memchr(packet.data() + at, kMarker, packet.size() - at - 1);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - packet.data());
    if (!inside_scan(packet[at + 1])) return at;
    ++at;
  }
  return packet.size();
}

}  // namespace

std::optional<common::ByteView> jpeg_of_packet(common::ByteView packet) {
  if (packet.size() < 4 || packet[0] != kMarker || packet[1] != kSoi) return std::nullopt;
  std::size_t at = 2;
  while (at + 1 < packet.size() && packet[at] == kMarker) {
    const std::uint8_t code = packet[at + 1];
    if (code == kEoi) return packet.first(at + 2);
    if (code == kMarker) {  // fill before a marker
      ++at;
      continue;
    }
    if (at + 4 > packet.size()) break;
    at += 2 + (static_cast<std::size_t>(packet[at + 2]) << 8 | packet[at + 3]);
    if (code == kSos) at = end_of_scan(packet, at);
  }
  return std::nullopt;
}

std::optional<common::Bytes> jpeg_from_packet(common::ByteView packet) {
  const auto jpeg = jpeg_of_packet(packet);
  if (!jpeg) return std::nullopt;
  if (auto completed = common::with_huffman_tables(*jpeg)) return completed;
  return common::Bytes(jpeg->begin(), jpeg->end());
}

}  // namespace imagenode
