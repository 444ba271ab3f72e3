#pragma once

#include <optional>
#include <string>

#include "common/message.hpp"

namespace common {

/// Bytes of a picture as they go to the disk.
struct StoredPicture {
  Payload bytes;
  std::string extension;  ///< ".jpg" or ".png"
};

/// Why an array cannot become a PNG without loss; nothing when it can: uint8 with 1, 3 or 4 channels,
/// uint16 with 1 or 3, and at most 65535 pixels on each side.
std::optional<std::string> cannot_store(const ArrayForm& form);

/// A JPEG as it came, an array as PNG (colour in the order blue, green, red). Thread-safe.
StoredPicture to_stored_picture(const Message& message);

}  // namespace common
