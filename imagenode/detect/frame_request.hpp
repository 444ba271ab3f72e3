#pragma once

#include <atomic>
#include <memory>

namespace imagenode {

/// Frames of a view that somebody on another thread wants sent. Who asked keeps it for as long as it is wanted.
struct FrameRequest {
  explicit FrameRequest(int frames) : left(frames) {}
  int left;                       ///< of the camera's thread
  bool begun = false;             ///< of the camera's thread
  std::atomic<bool> done{false};  ///< all of them lie in the Outbox
};

using FrameRequestPtr = std::shared_ptr<FrameRequest>;

}  // namespace imagenode
