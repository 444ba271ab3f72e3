#include "imagenode/detect/frame_choice.hpp"

#include "common/clock.hpp"

namespace imagenode {

RateLimit::RateLimit(double per_second)
    : period_ns_(static_cast<std::int64_t>(static_cast<double>(common::kSecond) / per_second)) {}

bool RateLimit::pass(std::int64_t monotonic_ns) {
  if (started_ && monotonic_ns < due_ns_) return false;
  // Counting on from when it was due, not from now, keeps the rate when frames do not come at its multiples.
  const bool in_step = started_ && monotonic_ns - due_ns_ < period_ns_;
  due_ns_ = (in_step ? due_ns_ : monotonic_ns) + period_ns_;
  started_ = true;
  return true;
}

FrameChoice::FrameChoice(const DetectorSettings& settings)
    : form_(settings.form),
      send_frames_(settings.send_frames),
      send_count_(static_cast<std::size_t>(settings.send_count)),
      send_after_(settings.send_after) {
  if (settings.send_fps) limit_.emplace(*settings.send_fps);
}

void FrameChoice::event(FrameRing& ring, std::vector<FramePtr>& out) {
  if (send_frames_ != SendFrames::event) return;
  ring.take_newest(send_count_, form_, out);
  still_to_send_ = send_after_;
  event_now_ = true;
}

void FrameChoice::frame(const Frame& newest, FrameRing& ring, std::vector<FramePtr>& out) {
  if (send_frames_ == SendFrames::continuous) {
    if (!limit_ || limit_->pass(newest.time().monotonic_ns)) ring.take_newest(1, form_, out);
  } else if (!event_now_ && still_to_send_ > 0) {
    --still_to_send_;
    ring.take_newest(1, form_, out);
  }
  event_now_ = false;
}

}  // namespace imagenode
