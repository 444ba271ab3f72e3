#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/message.hpp"

/// The wire: imagezmq's two frames (JSON metadata, payload) with our extra keys.
/// docs/reference/wire.md has the format. All functions are thread-safe.
namespace common {

inline constexpr std::size_t kMaxMetadataBytes = 64 * 1024;
inline constexpr int kMaxMetadataDepth = 8;

/// Why a message cannot be taken. `reason` is one of a small fixed set, fit for counting.
struct Refusal {
  std::string reason;
  std::string detail;
  std::optional<std::uint64_t> seq;  ///< set when the sender gave boot and seq, so that it can be told
  bool has_boot = false;             ///< a sender that understands more than a plain OK
};

/// The JSON frame. `age_us` is the time since capture at this sending; absent for messages without capture time.
std::string encode_metadata(const Message& message, std::optional<std::int64_t> age_us);

/// Checks everything that the two frames say about each other: our keys' types and ranges, shape against bytes,
/// SOI and EOI of a JPEG, CRC. The result shares the payload and always has its `crc`.
std::variant<Message, Refusal> decode_message(std::string_view metadata, const Payload& payload);

/// Size in bytes of a numpy sample type by its name; none for unknown names.
std::optional<int> dtype_size(std::string_view dtype);

}  // namespace common
