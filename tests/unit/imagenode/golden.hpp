#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "imagenode/detect/detector_settings.hpp"
#include "imagenode/frame/frame.hpp"

/// The golden clips and the events that the Python imagenode gave on them (tests/data/golden/README.md).
namespace golden {

inline constexpr const char* kSender = "Golden view";

struct Case {
  std::string name;                 ///< "edge-light-2"
  std::filesystem::path clip;       ///< edge.avi
  std::filesystem::path settings;   ///< edge-light-2.yaml
  std::vector<std::string> events;  ///< lines of edge-light-2.events
};

std::vector<Case> cases();
Case case_named(const std::string& name);

std::vector<imagenode::DetectorSettings> read_settings(const std::filesystem::path& yaml);
std::vector<imagenode::DetectorSettings> parse_settings(const std::string& yaml);

/// The frames of a clip, decoded by OpenCV (BGR), or as compressed as the clip has them (MJPEG only).
enum class Read { decoded, compressed };
std::function<imagenode::FramePtr()> open_clip(const std::filesystem::path& clip, Read how);
std::vector<imagenode::FramePtr> read_clip(const std::filesystem::path& clip, Read how);

std::vector<std::string> lines_of(const std::string& text);

/// The events of the detectors on a clip, as lines of a .events file.
std::vector<std::string> replayed(const Case& golden_case, Read how, const imagenode::Analysis& analysis);

}  // namespace golden
