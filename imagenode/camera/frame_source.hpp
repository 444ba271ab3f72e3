#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "common/clock.hpp"
#include "common/wait.hpp"
#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// The source cannot be opened, or gives no more frames although it should. Says what a user can do about it.
struct SourceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a source needs from outside.
struct SourceSeams {
  const common::Clock& clock;
  common::Wait wait = common::wait_for_real;
};

/// Where frames come from. Its life is open, read, read ..., close, and again. Used by one thread at a time; only
/// damaged() and is_live() may be called from others.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// Throws SourceError. May be called again after close().
  virtual void open(const std::stop_token& stop) = 0;

  /// The next frame; nothing at the end of a file, or when a stop is requested while it waits.
  /// Throws SourceError when the source is lost. Damaged pictures are skipped and counted.
  virtual FramePtr read(const std::stop_token& stop) = 0;

  virtual void close() = 0;

  /// A live source goes on while nobody reads: old frames are worth less than new ones.
  virtual bool is_live() const = 0;

  /// Form and size of the open source: "MJPEG 640x480 at 30 frames/s".
  virtual std::string describe() const = 0;

  std::uint64_t damaged() const { return damaged_; }

 protected:
  std::atomic<std::uint64_t> damaged_{0};
};

/// Now, as capture time of what has just arrived.
CaptureTime arrival(const common::Clock& clock);

/// The time of a driver's stamp on the monotonic clock; now when the stamp is not of that clock.
CaptureTime captured_at(const common::Clock& clock, std::int64_t monotonic_ns);

/// "MJPEG 640x480 at 30 frames/s"; a rate of 0 is unknown.
std::string describe_capture(const std::string& form, int width, int height, double fps);

}  // namespace imagenode
