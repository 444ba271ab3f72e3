#pragma once

#include <cstdint>
#include <optional>

#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// Notices a camera that goes on giving the very same picture, as some do when they hang. A scene at rest never gives
/// the same bytes twice: the noise of the sensor differs. Bound to its camera's thread.
class FrozenWatch {
 public:
  /// 0: never frozen, costs nothing.
  explicit FrozenWatch(double frozen_after_s);

  /// Looks at the next frame; the new state when it has changed.
  std::optional<bool> look(const Frame& frame);

  /// Begins anew, not frozen.
  void reset();

 private:
  std::int64_t frozen_after_ns_;
  std::optional<std::uint32_t> picture_;
  std::int64_t since_ns_ = 0;
  bool frozen_ = false;
};

}  // namespace imagenode
