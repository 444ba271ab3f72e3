#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings_reader.hpp"

/// Numbers in binary frames. Thread-safe.
namespace imagenode {

enum class ByteOrder { little, big };

/// The key `endianness`.
ByteOrder read_byte_order(common::Section& section);

/// At most eight bytes as a number without sign.
std::uint64_t unsigned_of(std::string_view bytes, ByteOrder order);

enum class BinaryType { int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64 };
inline const std::vector<std::string> kBinaryTypes{"int8",   "uint8", "int16",  "uint16",  "int32",
                                                   "uint32", "int64", "uint64", "float32", "float64"};
std::size_t bytes_of(BinaryType type);

/// A number as it is sent, and as a double.
struct BinaryValue {
  std::string text;
  double number = 0;
};
/// `bytes` has as many as the type. Floating point in its shortest form that means the same.
BinaryValue value_of(BinaryType type, std::string_view bytes, ByteOrder order);

enum class Checksum { none, sum8, xor8, crc16_ccitt, crc16_modbus, crc32 };
inline const std::vector<std::string> kChecksums{"none", "sum8", "xor8", "crc16_ccitt", "crc16_modbus", "crc32"};
std::size_t bytes_of(Checksum checksum);
/// CRC-16/CCITT-FALSE (0x1021, from 0xFFFF), CRC-16/MODBUS, CRC-32 as in Ethernet and zip.
std::uint32_t checksum_of(Checksum checksum, std::string_view bytes);

}  // namespace imagenode
