#pragma once

#include <optional>

#include "common/payload.hpp"

namespace imagenode {

/// The picture at the start of a packet of Motion JPEG, byte for byte from SOI to its own EOI; nothing when it is not
/// whole. What lies behind EOI goes: zeros, or the end of an older, longer picture, which is what a buffer of OpenCV's
/// V4L2 capture holds.
std::optional<common::ByteView> jpeg_of_packet(common::ByteView packet);

/// The same as bytes of its own that any decoder of single pictures can read (with Huffman tables).
std::optional<common::Bytes> jpeg_from_packet(common::ByteView packet);

}  // namespace imagenode
