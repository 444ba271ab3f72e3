#include "imagenode/camera/camera.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/bounded_queue.hpp"
#include "common/jpeg.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// The newest frame and one that is being fetched.
constexpr std::size_t kReadAhead = 2;

}  // namespace

Camera::Camera(CameraSettings settings, std::unique_ptr<FrameSource> source, CameraListener listener,
               const common::Clock& clock, common::Liveness& liveness, common::BackOff back_off)
    : settings_(std::move(settings)),
      transform_(transform_of(settings_)),
      source_(std::move(source)),
      listener_(std::move(listener)),
      clock_(clock),
      liveness_(liveness),
      back_off_(std::move(back_off)),
      frozen_watch_(settings_.frozen_after_s),
      next_back_off_ns_(back_off_.first_ns) {}

Camera::~Camera() {
  stop();
}

void Camera::succeed(const CameraCounts& before) {
  lost_ = lost_before_ = before.lost;
  frozen_ = before.frozen;
}

void Camera::start() {
  thread_ = common::start_thread(liveness_, cat("camera ", settings_.label),
                                 [this](const std::stop_token& stop, Entry& entry) { run(stop, entry); });
}

void Camera::request_stop() {
  thread_.request_stop();
}

void Camera::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void Camera::run(const std::stop_token& stop, Entry& entry) {
  if (frozen_.exchange(false)) event("camera|unfrozen");
  while (!play(stop, entry)) {
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(stop, next_back_off_ns_);
    next_back_off_ns_ = std::min(2 * next_back_off_ns_, back_off_.longest_ns);
  }
  if (!stop.stop_requested()) finish();
}

bool Camera::play(const std::stop_token& stop, Entry& entry) {
  try {
    if (stop.stop_requested()) return true;
    open(stop, entry);
    if (source_->is_live() && settings_.threaded_read) {
      process_while_reading(stop, entry);
    } else {
      read_and_process(stop, entry);
    }
    source_->close();
  } catch (const std::exception& error) {
    source_->close();
    if (stop.stop_requested()) return true;
    lose(error.what());
    return false;
  }
  return true;
}

void Camera::finish() {
  finished_ = true;
  common::log::info(cat("camera ", settings_.label, ": end of ", settings_.src));
  try {
    listener_.on_finished();
  } catch (const std::exception& error) {
    tell_failure(error.what());
  }
}

void Camera::open(const std::stop_token& stop, Entry& entry) {
  const common::Liveness::Waiting waiting(entry);
  source_->open(stop);
  frozen_watch_.reset();
  const std::lock_guard lock(mutex_);
  description_ = source_->describe();
}

void Camera::read_and_process(const std::stop_token& stop, Entry& entry) {
  while (true) {
    FramePtr frame;
    {
      const common::Liveness::Waiting waiting(entry);
      frame = source_->read(stop);
    }
    if (!frame) return;
    process(frame);
  }
}

void Camera::process_while_reading(const std::stop_token& stop, Entry& entry) {
  common::BoundedQueue<FramePtr> queue(kReadAhead);
  std::exception_ptr failure;
  {
    // The reader's own token, since the camera's stop has to reach it while it is joined.
    const std::jthread reader = common::start_thread(liveness_, cat("read ", settings_.label),
                                                     [&](const std::stop_token&, Entry& reader_entry) {
                                                       const common::Liveness::Waiting waiting(reader_entry);
                                                       try {
                                                         while (FramePtr frame = source_->read(stop))
                                                           skipped_ += queue.push_dropping_oldest(std::move(frame));
                                                       } catch (...) {
                                                         failure = std::current_exception();
                                                       }
                                                       queue.close();
                                                     });
    while (true) {
      std::optional<FramePtr> frame;
      {
        const common::Liveness::Waiting waiting(entry);
        frame = queue.pop();
      }
      if (!frame) break;
      // What is left when a stop comes is not worth the wait.
      if (!stop.stop_requested()) process(*frame);
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void Camera::process(const FramePtr& frame) {
  back();
  {
    const std::lock_guard lock(mutex_);
    rate_.count(clock_.monotonic_ns());
  }
  if (const auto frozen = frozen_watch_.look(*frame)) {
    frozen_ = *frozen;
    event(*frozen ? "camera|frozen" : "camera|unfrozen");
  }
  hand_on(frame);
}

void Camera::hand_on(const FramePtr& frame) {
  try {
    listener_.on_frame(transformed(frame, transform_));
    ++frames_;
    if (still_wanted_.exchange(false)) give_still(frame);
    if (failing_) common::log::info(cat("camera ", settings_.label, ": frames are processed again"));
    failing_ = false;
  } catch (const common::JpegError& error) {
    ++damaged_;
    tell_failure(error.what());
  } catch (const std::exception& error) {
    ++failed_;
    tell_failure(error.what());
  }
}

void Camera::give_still(const FramePtr& frame) {
  try {
    listener_.on_still(transformed(frame, {transform_.half_turn, std::nullopt}));
  } catch (...) {
    still_wanted_ = true;  // of the next frame
    throw;
  }
}

void Camera::tell_failure(const std::string& what) {
  if (!failing_) common::log::error(cat("camera ", settings_.label, ": a frame could not be processed: ", what));
  failing_ = true;
}

void Camera::lose(const std::string& why) {
  const bool told = lost_.exchange(true);
  if (told && !std::exchange(lost_before_, false)) return;
  if (frozen_.exchange(false)) event("camera|unfrozen");
  common::log::warn(cat("camera ", settings_.label, " is lost: ", why, "; it is tried again and again"));
  if (!told) event("camera|lost");
}

void Camera::back() {
  next_back_off_ns_ = back_off_.first_ns;
  if (!lost_) return;
  lost_ = lost_before_ = false;
  ++reopened_;
  common::log::info(cat("camera ", settings_.label, " is back: ", describe()));
  event("camera|back");
}

void Camera::event(const std::string& what) {
  try {
    listener_.on_event(what);
  } catch (const std::exception& error) {
    ++failed_;
    tell_failure(error.what());
  }
}

CameraCounts Camera::counts() const {
  CameraCounts counts;
  counts.frames = frames_;
  counts.skipped = skipped_;
  counts.damaged = damaged_ + source_->damaged();
  counts.failed = failed_;
  counts.reopened = reopened_;
  counts.lost = lost_;
  counts.frozen = frozen_;
  counts.finished = finished_;
  const std::lock_guard lock(mutex_);
  counts.frames_per_second = rate_.per_second(clock_.monotonic_ns());
  return counts;
}

std::string Camera::describe() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

}  // namespace imagenode
