#pragma once

namespace imagenode {

/// The form in which pictures are sent: `jpg`, or `image`, a raw array.
enum class SendType { jpg, image };

}  // namespace imagenode
