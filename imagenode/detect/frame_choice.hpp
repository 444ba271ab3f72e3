#pragma once

#include <cstdint>
#include <vector>

#include "imagenode/detect/detector_settings.hpp"
#include "imagenode/detect/frame_ring.hpp"

namespace imagenode {

/// Lets through at most so many frames per second, counted in capture time, evenly spread.
class RateLimit {
 public:
  explicit RateLimit(double per_second);
  bool pass(std::int64_t monotonic_ns);

 private:
  std::int64_t period_ns_;
  std::int64_t due_ns_ = 0;
  bool started_ = false;
};

/// Which frames the settings of one detector want sent, as they come; the ring sees to it that none is sent twice in
/// the same form. Bound to the thread of its camera.
class FrameChoice {
 public:
  explicit FrameChoice(const DetectorSettings& settings);

  /// To call right after the event's frame went into the ring: the frames up to the event, and those to come.
  void event(FrameRing& ring, std::vector<FramePtr>& out);

  /// To call once for each frame, after its events.
  void frame(const Frame& newest, FrameRing& ring, std::vector<FramePtr>& out);

  /// In which they are sent.
  const PictureForm& form() const { return form_; }

 private:
  PictureForm form_;
  SendFrames send_frames_;
  std::size_t send_count_;
  int send_after_;
  std::optional<RateLimit> limit_;
  int still_to_send_ = 0;
  bool event_now_ = false;
};

}  // namespace imagenode
