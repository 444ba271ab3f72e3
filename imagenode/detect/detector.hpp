#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/image.hpp"
#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// How a camera's frames are analysed; a setting of the camera, so that all its detectors share one decoded picture.
struct Analysis {
  int scale = 1;  ///< 1, 2, 4 or 8: detectors see the picture at 1/scale of its size
  Decoding decoding = Decoding::luminance;
};

/// The state of a detector that has not decided yet.
inline constexpr const char* kUndecided = "unknown";

/// A detector has changed its mind.
struct DetectorEvent {
  std::string type;   ///< "motion"
  std::string state;  ///< "moving"
  std::map<std::string, double> fields;
  std::map<std::string, std::string> units;
  bool wants_frames = true;  ///< whether frames around the event may be sent with it
};

/// A look inside a detector, to find good settings by: a picture, or a value when `image` is empty.
struct TuningItem {
  std::string text;
  common::Image image;
  std::string value;
};

/// Judges one camera's frames, each as it was captured, in their order. It has no thread, no socket and no file.
/// Bound to the thread of its camera.
class Detector {
 public:
  virtual ~Detector() = default;

  /// Has the frame decoded as judge() will want it. Throws common::JpegError when it cannot be; judge() is not called
  /// then. This comes first for all detectors, so that none sees a damaged frame.
  virtual void decode(const Frame& frame) const = 0;

  /// The event that this frame brings, if any. `tuning` is filled when it is given.
  virtual std::optional<DetectorEvent> judge(const Frame& frame, std::vector<TuningItem>* tuning) = 0;

  /// The state that the latest event announced; kUndecided before the first.
  virtual const std::string& state() const = 0;
};

}  // namespace imagenode
