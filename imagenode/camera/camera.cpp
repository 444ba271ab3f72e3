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
/// A camera that was just opened needs that long for the right exposure and white balance.
constexpr std::int64_t kSettling = common::kSecond;

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
  for (;;) {
    const Ending ending = play(stop, entry);
    if (ending == Ending::done) break;
    if (ending == Ending::for_still) {
      take_still(stop, entry);
      continue;
    }
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(stop, next_back_off_ns_);
    next_back_off_ns_ = std::min(2 * next_back_off_ns_, back_off_.longest_ns);
  }
  if (!stop.stop_requested()) finish();
}

Camera::Ending Camera::play(const std::stop_token& stop, Entry& entry) {
  try {
    if (stop.stop_requested()) return Ending::done;
    open(stop, entry);
    if (source_->is_live() && settings_.threaded_read) {
      process_while_reading(stop, entry);
    } else {
      read_and_process(stop, entry);
    }
    source_->close();
  } catch (const std::exception& error) {
    source_->close();
    if (stop.stop_requested()) return Ending::done;
    lose(error.what());
    return Ending::lost;
  }
  return needs_still_source() && !stop.stop_requested() ? Ending::for_still : Ending::done;
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
    if (needs_still_source()) return;
  }
}

void Camera::process_while_reading(const std::stop_token& stop, Entry& entry) {
  common::BoundedQueue<FramePtr> queue(kReadAhead);
  std::exception_ptr failure;
  // Not the reader's own: the camera's stop has to reach it while it is joined.
  std::stop_source reading_ends;
  const std::stop_callback at_stop(stop, [&] { reading_ends.request_stop(); });
  {
    const std::jthread reader = common::start_thread(
        liveness_, cat("read ", settings_.label), [&](const std::stop_token&, Entry& reader_entry) {
          const common::Liveness::Waiting waiting(reader_entry);
          try {
            while (FramePtr frame = source_->read(reading_ends.get_token()))
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
      if (reading_ends.stop_requested()) continue;
      process(*frame);
      if (needs_still_source()) reading_ends.request_stop();
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
    if ((!still_source_ || still_failed_) && still_wanted_.exchange(false)) give_still(frame);
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

bool Camera::needs_still_source() const {
  return still_wanted_ && still_source_ && !still_failed_;
}

void Camera::take_still(const std::stop_token& stop, Entry& entry) {
  if (frozen_.exchange(false)) event("camera|unfrozen");
  try {
    const common::Liveness::Waiting waiting(entry);
    still_source_->open(stop);
    const FramePtr frame = settled_frame(stop);
    still_source_->close();
    if (!frame) return;
    check_size(*frame);
    still_wanted_ = false;  // only now: one picture answers all who asked meanwhile
    listener_.on_still(transformed(frame, {transform_.half_turn, std::nullopt}));
  } catch (const std::exception& error) {
    still_source_->close();
    if (stop.stop_requested()) return;
    common::log::error(cat("camera ", settings_.label, ": no still in the size of still_resolution: ", error.what(),
                           "; it has the size in which the camera runs"));
    still_wanted_ = still_failed_ = true;
  }
}

/// Drivers take the size that they have next to the one that they are asked for.
void Camera::check_size(const Frame& still) const {
  const Resolution wanted = settings_.still_resolution.value_or(Resolution{still.width(), still.height()});
  if (still.width() == wanted.width && still.height() == wanted.height) return;
  common::log::warn(cat("camera ", settings_.label, ": the still has ", still.width(), 'x', still.height(),
                        " pixels, for the camera does not give the still_resolution of ", wanted.width, 'x',
                        wanted.height));
}

FramePtr Camera::settled_frame(const std::stop_token& stop) {
  FramePtr frame = still_source_->read(stop);
  const std::int64_t first_ns = frame ? frame->time().monotonic_ns : 0;
  while (frame && frame->time().monotonic_ns - first_ns < kSettling) frame = still_source_->read(stop);
  return frame;
}

void Camera::give_still(const FramePtr& frame) {
  try {
    listener_.on_still(transformed(frame, {transform_.half_turn, std::nullopt}));
    still_failed_ = false;
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
