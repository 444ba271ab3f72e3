#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/payload.hpp"

namespace common {

/// What a message is, decided by the second field of its text (see kind_of).
enum class Kind { event, jpeg, array, data, samples, heartbeat, tuning };

/// The classes of the delivery contract: order is kept within each, and a full queue gives up images first.
enum class DeliveryClass { event, data, image };
inline constexpr int kDeliveryClasses = 3;
inline std::size_t index_of(DeliveryClass delivery_class) {
  return static_cast<std::size_t>(delivery_class);
}

/// numpy's name of the sample type ("uint8", "uint16", "float32" ...) and its shape; little-endian, C order.
struct ArrayForm {
  std::string dtype;
  std::vector<std::int64_t> shape;
};

/// The one noun of both programs: what a source saw, on its way from a node to the hub's disk.
/// Filled once by its maker, then passed as shared_ptr<const Message> and never changed.
struct Message {
  std::string text;    ///< "Barn door|motion|moving": node [space view] | type | detail ...
  std::string node;    ///< "Barn"
  std::string view;    ///< "door", may be empty
  std::string source;  ///< sensor, line or stream of a reading; empty for cameras

  std::optional<std::uint64_t> boot;  ///< random id of the node's start; absent from plain imagezmq senders
  std::optional<std::uint64_t> seq;   ///< 1, 2, 3 ... within one boot, given by the node

  std::int64_t time_ns = 0;            ///< capture time, UTC
  std::int64_t monotonic_ns = 0;       ///< the same on this computer's monotonic clock, 0 when not known; not sent
  bool clock_synchronised = true;      ///< whether time_ns can be trusted
  std::optional<std::int64_t> age_us;  ///< received messages: time from capture to sending
  std::optional<std::int64_t> clock_error_us;
  bool late = false;  ///< comes from the spool
  bool live = false;  ///< rows for who looks on now; the same rows come to be stored, too
  bool demo = false;  ///< of a node that wants nothing of it stored

  std::map<std::string, double> fields;      ///< numeric readings by name
  std::map<std::string, std::string> units;  ///< unit of each field that has one
  std::string content;                       ///< MIME type of a payload that is neither JPEG nor array
  std::optional<ArrayForm> array;
  std::optional<std::uint32_t> crc;  ///< CRC-32C of the payload
  std::string version;               ///< program and version of the sender, in Restart and Heartbeat
  std::string host;                  ///< host name of the sender, in Restart and Heartbeat

  Payload payload;

  /// It is shown and never stored, whatever its kind; so it has no seq.
  bool only_shown() const { return live || demo; }
};

using MessagePtr = std::shared_ptr<const Message>;

/// The fields of a text, split at '|'. Always at least one.
std::vector<std::string_view> split_text(std::string_view text);

/// Only the first letter of the second field decides for images and heartbeats, as in the Python hub.
/// `data` and `samples` count as such only from senders that give their boot.
Kind kind_of(std::string_view text, bool has_boot);

DeliveryClass delivery_class(Kind kind);
const char* name_of(DeliveryClass delivery_class);

/// Whether a text field carries what a hub must store and so needs an identity.
inline bool is_stored(Kind kind) {
  return kind != Kind::heartbeat && kind != Kind::tuning;
}

}  // namespace common
