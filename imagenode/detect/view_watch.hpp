#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/jpeg.hpp"
#include "common/message.hpp"
#include "imagenode/detect/detector_set.hpp"
#include "imagenode/detect/frame_choice.hpp"
#include "imagenode/detect/frame_request.hpp"
#include "imagenode/detect/frame_ring.hpp"
#include "imagenode/detect/picture_maker.hpp"
#include "imagenode/frame/send_type.hpp"
#include "imagenode/frame/tiny_picture.hpp"

namespace imagenode {

struct ViewSettings {
  std::string node;
  std::string view;  ///< may be empty
  SendType send_type = SendType::jpg;
  int jpeg_quality = common::kJpegQuality;
  int queuemax = 50;  ///< frames that are kept for events; a detector's send_count reaches no further
  Analysis analysis;
  std::vector<DetectorSettings> detectors;
};

/// What a frame brings to send, in this order.
struct Outcome {
  std::vector<common::Message> messages;   ///< for the outbox: events, each followed by its frames
  std::vector<common::Message> tuning;     ///< tuning images, to show live
  std::vector<FrameRequestPtr> fulfilled;  ///< their last frame is among the messages
};

/// Watches one view of a camera: lets the detectors judge each frame as it was captured, and makes the messages that
/// follow: events, and the frames around them or all of them. A camera's own JPEG is sent as it came unless something
/// is drawn on it or less of it is wanted; drawing is seen on what is sent, never by a detector. Without detectors only
/// what is asked for is sent. Bound to the thread of its camera, but for the count and for asking.
class ViewWatch {
 public:
  explicit ViewWatch(ViewSettings settings);

  Outcome watch(const FramePtr& frame);

  /// Has the newest frames sent, and those to come until there are as many as wanted. What was sent already counts and
  /// is not sent again. From any thread.
  void want_frames(const FrameRequestPtr& request);
  /// Has the next frame that is given to still() sent. From any thread.
  void want_still(const FrameRequestPtr& request);
  /// A frame as it was captured, to be sent as it is.
  Outcome still(const FramePtr& frame);

  /// Frames that could not be decoded, and were left out.
  std::uint64_t damaged_frames() const { return damaged_frames_; }

 private:
  common::Message message(std::string text, CaptureTime time) const;
  common::Message event_message(const std::string& text, CaptureTime time) const;
  common::Message frame_message(CaptureTime time) const;
  void add_frames(const std::vector<FramePtr>& frames, const PictureForm& form, std::vector<common::Message>& messages);
  void send_wanted(Outcome& outcome);
  common::Message tuning_message(TuningItem item, CaptureTime time) const;

  ViewSettings settings_;
  std::string sender_;  ///< "<node> <view>"
  PictureMaker pictures_;
  TinyPicture tiny_picture_;
  DetectorSet detectors_;
  std::vector<FrameChoice> choices_;
  FrameRing ring_;
  std::atomic<std::uint64_t> damaged_frames_ = 0;

  std::mutex mutex_;
  std::vector<std::weak_ptr<FrameRequest>> wanted_;
  std::vector<std::weak_ptr<FrameRequest>> stills_wanted_;
};

}  // namespace imagenode
