#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/thread.hpp"
#include "common/wait.hpp"
#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_rate.hpp"
#include "imagenode/camera/frame_source.hpp"
#include "imagenode/camera/frozen_watch.hpp"
#include "imagenode/camera/transform.hpp"

namespace imagenode {

/// What a camera tells; all called from its own thread. None may be empty, but for on_still.
struct CameraListener {
  /// Each frame, turned and resized as set. What it throws is counted and does not end the camera.
  std::function<void(const FramePtr&)> on_frame;
  /// `camera|lost`, `camera|back`, `camera|frozen`, `camera|unfrozen`: the part of an event's text behind the view,
  /// once per change.
  std::function<void(const std::string& event)> on_event;
  /// A file has come to its end. Called once; the camera's thread ends.
  std::function<void()> on_finished;
  /// A frame after want_still(), of the source for stills when there is one, turned as set but not resized.
  std::function<void(const FramePtr&)> on_still{};
};

struct CameraCounts {
  std::uint64_t frames = 0;    ///< handed to on_frame
  std::uint64_t skipped = 0;   ///< came while on_frame was busy and gave way to newer ones
  std::uint64_t damaged = 0;   ///< could not be read or decoded
  std::uint64_t failed = 0;    ///< on_frame threw
  std::uint64_t reopened = 0;  ///< came back after having been lost
  double frames_per_second = 0;
  bool lost = false;
  bool frozen = false;
  bool finished = false;
};

/// One camera: a thread that opens the source, hands on its frames, and reopens it for ever when it is lost. A live
/// source with threaded_read has a second thread that only reads, so that slow work on a frame costs frames but never
/// makes them late. counts(), describe() and want_still() are thread-safe, the rest belongs to the thread that owns it.
class Camera {
 public:
  Camera(CameraSettings settings, std::unique_ptr<FrameSource> source, CameraListener listener,
         const common::Clock& clock, common::Liveness& liveness, common::BackOff back_off = {});
  ~Camera();

  /// Before start(): where stills come from, such as the same device with more pixels. For each of them the camera
  /// closes its own source and opens it again.
  void take_stills_from(std::unique_ptr<FrameSource> source) { still_source_ = std::move(source); }
  /// Before start(): it takes the place of a camera that was so. What that one reported as lost or frozen is reported
  /// as back or unfrozen by this one.
  void succeed(const CameraCounts& before);
  void start();
  /// Asks it to end; it does at once, but for a driver or network that does not answer (FrameSource says how long).
  void request_stop();
  /// request_stop(), then waits for its threads.
  void stop();

  /// Has on_still called with the next frame.
  void want_still() { still_wanted_ = true; }

  const CameraSettings& settings() const { return settings_; }
  bool finished() const { return finished_; }
  CameraCounts counts() const;
  /// Capture form, size and rate of the source once it was open: "webcam, JPEG 640x480 at 30 frames/s".
  std::string describe() const;

 private:
  using Entry = common::Liveness::Thread;

  void run(const std::stop_token& stop, Entry& entry);
  enum class Ending { done, lost, for_still };
  /// From open to close.
  Ending play(const std::stop_token& stop, Entry& entry);
  void open(const std::stop_token& stop, Entry& entry);
  void read_and_process(const std::stop_token& stop, Entry& entry);
  void process_while_reading(const std::stop_token& stop, Entry& entry);
  void finish();
  void process(const FramePtr& frame);
  void hand_on(const FramePtr& frame);
  bool needs_still_source() const;
  void take_still(const std::stop_token& stop, Entry& entry);
  FramePtr settled_frame(const std::stop_token& stop);
  void check_size(const Frame& still) const;
  void give_still(const FramePtr& frame);
  void tell_failure(const std::string& what);
  void lose(const std::string& why);
  void back();
  void event(const std::string& what);

  const CameraSettings settings_;
  const Transform transform_;
  const std::unique_ptr<FrameSource> source_;
  std::unique_ptr<FrameSource> still_source_;  ///< may be missing
  const CameraListener listener_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  const common::BackOff back_off_;

  // Of the camera's thread.
  FrozenWatch frozen_watch_;
  std::int64_t next_back_off_ns_;
  bool failing_ = false;
  bool still_failed_ = false;  ///< by the source for stills: the next frame has to do
  bool lost_before_ = false;   ///< by the one before; not yet tried by this one

  std::atomic<bool> still_wanted_{false};
  std::atomic<bool> lost_{false};
  std::atomic<bool> frozen_{false};
  std::atomic<bool> finished_{false};
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<std::uint64_t> skipped_{0};
  std::atomic<std::uint64_t> damaged_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> reopened_{0};
  mutable std::mutex mutex_;  // of the two below
  mutable FrameRate rate_;
  std::string description_;

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
