#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "imagenode/detect/detector_settings.hpp"

namespace imagenode {

/// What the detectors of a view say about one frame.
struct Judgement {
  struct Event {
    std::size_t detector;  ///< which one, in the order of the settings
    std::string text;      ///< without the sender's name: "motion|moving|Ground"
    DetectorEvent event;
  };
  /// Of a detector with send_test_images.
  struct Look {
    std::string detector;  ///< "motion|Ground"
    std::vector<TuningItem> items;
  };
  std::vector<Event> events;
  std::vector<Look> looks;
};

/// The detectors of one view. Bound to the thread of its camera.
class DetectorSet {
 public:
  DetectorSet(const std::vector<DetectorSettings>& settings, const Analysis& analysis);

  bool empty() const { return members_.empty(); }

  /// Throws common::JpegError when the frame cannot be decoded; no detector has seen it then.
  Judgement judge(const Frame& frame);

 private:
  struct Member {
    std::unique_ptr<Detector> detector;
    std::string kind;
    std::string roi_suffix;  ///< "|Ground", or empty
    bool shows_tuning;
  };
  std::vector<Member> members_;
};

}  // namespace imagenode
