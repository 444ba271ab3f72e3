#pragma once

#include <optional>

#include "common/message.hpp"
#include "imagenode/frame/send_type.hpp"

namespace imagenode {

/// The small black picture that old hubs expect with a message that has none of its own. Thread-safe.
struct TinyPicture {
  common::Payload payload;
  std::optional<common::ArrayForm> array;  ///< set when pictures are sent as arrays
};

TinyPicture tiny_picture(SendType send_type);

}  // namespace imagenode
