#include "imagenode/camera/frozen_watch.hpp"

#include "common/clock.hpp"
#include "common/crc32c.hpp"

namespace imagenode {

FrozenWatch::FrozenWatch(double frozen_after_s)
    : frozen_after_ns_(static_cast<std::int64_t>(frozen_after_s * common::kSecond)) {}

std::optional<bool> FrozenWatch::look(const Frame& frame) {
  if (frozen_after_ns_ == 0) return std::nullopt;
  const std::uint32_t picture = common::crc32c(frame.data().view());
  const std::int64_t now = frame.time().monotonic_ns;
  if (picture != picture_) {
    picture_ = picture;
    since_ns_ = now;
  }
  const bool frozen = now - since_ns_ >= frozen_after_ns_;
  if (frozen == frozen_) return std::nullopt;
  frozen_ = frozen;
  return frozen;
}

void FrozenWatch::reset() {
  picture_.reset();
  frozen_ = false;
}

}  // namespace imagenode
