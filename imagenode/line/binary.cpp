#include "imagenode/line/binary.hpp"

#include <array>
#include <bit>
#include <charconv>

namespace imagenode {
namespace {

/// The shortest text that means the same number of this type.
template <typename Number>
std::string shortest(Number value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::uint32_t reflected_crc(std::string_view bytes, std::uint32_t polynomial, std::uint32_t crc) {
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
  }
  return crc;
}

std::uint32_t crc16_ccitt(std::string_view bytes) {
  std::uint32_t crc = 0xFFFF;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<std::uint8_t>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = ((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0)) & 0xFFFF;
  }
  return crc;
}

/// The upper bits as those of the sign.
std::int64_t signed_of(std::uint64_t value, std::size_t bytes) {
  const auto unused = static_cast<int>(64 - 8 * bytes);
  return static_cast<std::int64_t>(value << unused) >> unused;
}

}  // namespace

ByteOrder read_byte_order(common::Section& section) {
  ByteOrder order = ByteOrder::little;
  section.read_choice("endianness", {"little", "big"}, order);
  return order;
}

std::uint64_t unsigned_of(std::string_view bytes, ByteOrder order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char byte = order == ByteOrder::big ? bytes[i] : bytes[bytes.size() - 1 - i];
    value = value << 8 | static_cast<std::uint8_t>(byte);
  }
  return value;
}

std::size_t bytes_of(BinaryType type) {
  switch (type) {
    case BinaryType::int8:
    case BinaryType::uint8:
      return 1;
    case BinaryType::int16:
    case BinaryType::uint16:
      return 2;
    case BinaryType::int32:
    case BinaryType::uint32:
    case BinaryType::float32:
      return 4;
    default:
      return 8;
  }
}

BinaryValue value_of(BinaryType type, std::string_view bytes, ByteOrder order) {
  const std::uint64_t bits = unsigned_of(bytes, order);
  switch (type) {
    case BinaryType::float32: {
      const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      return {shortest(value), value};
    }
    case BinaryType::float64:
      return {shortest(std::bit_cast<double>(bits)), std::bit_cast<double>(bits)};
    case BinaryType::int8:
    case BinaryType::int16:
    case BinaryType::int32:
    case BinaryType::int64: {
      const std::int64_t value = signed_of(bits, bytes.size());
      return {std::to_string(value), static_cast<double>(value)};
    }
    default:
      return {std::to_string(bits), static_cast<double>(bits)};
  }
}

std::size_t bytes_of(Checksum checksum) {
  switch (checksum) {
    case Checksum::none:
      return 0;
    case Checksum::sum8:
    case Checksum::xor8:
      return 1;
    case Checksum::crc16_ccitt:
    case Checksum::crc16_modbus:
      return 2;
    default:
      return 4;
  }
}

std::uint32_t checksum_of(Checksum checksum, std::string_view bytes) {
  std::uint32_t sum = 0;
  switch (checksum) {
    case Checksum::none:
      return 0;
    case Checksum::sum8:
      for (const char byte : bytes) sum += static_cast<std::uint8_t>(byte);
      return sum & 0xFF;
    case Checksum::xor8:
      for (const char byte : bytes) sum ^= static_cast<std::uint8_t>(byte);
      return sum;
    case Checksum::crc16_ccitt:
      return crc16_ccitt(bytes);
    case Checksum::crc16_modbus:
      return reflected_crc(bytes, 0xA001, 0xFFFF);
    default:
      return ~reflected_crc(bytes, 0xEDB88320, 0xFFFFFFFF);
  }
}

}  // namespace imagenode
