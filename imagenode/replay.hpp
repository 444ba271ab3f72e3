#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "imagenode/detect/detector_set.hpp"

namespace imagenode {

struct ReplayCounts {
  std::uint64_t frames = 0;
  std::uint64_t damaged = 0;  ///< could not be decoded, and were left out
  std::uint64_t events = 0;
};

/// Runs detectors over recorded frames as fast as they come: for tuning settings on recorded pictures. Prints
/// `<frame number><TAB><sender>|<event text>` per event to `out`, and frames/s at the end to `err`. Of detectors with
/// send_test_images it also prints, for each frame, what they see: `<frame number><TAB><sender>|light: State dark, Mean
/// Pixel Value 83`. `next` gives a null pointer at the end; `sender` is "<node> <view>". Runs in the caller's thread.
ReplayCounts replay(const std::function<FramePtr()>& next, DetectorSet& detectors, const std::string& sender,
                    std::ostream& out, std::ostream& err);

}  // namespace imagenode
