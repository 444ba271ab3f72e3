#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/detect/detector.hpp"
#include "imagenode/detect/roi.hpp"

/// The kinds of detectors by name. A kind registers itself with a RegisterDetector at the end of its .cpp file, before
/// main begins; adding one touches no other file. Read-only afterwards, so any thread may ask.
namespace imagenode {

/// Makes a detector with the settings of its kind, which are bound in.
using DetectorMaker = std::function<std::unique_ptr<Detector>(const RoiPercent&, const Analysis&)>;

/// Reads what a kind has for settings beside those that all detectors have.
using DetectorReader = DetectorMaker (*)(common::Section& section);

struct RegisterDetector {
  RegisterDetector(const char* kind, DetectorReader reader);
};

/// In alphabetical order.
std::vector<std::string> detector_kinds();

/// `kind` is one of detector_kinds().
DetectorMaker read_detector_kind(const std::string& kind, common::Section& section);

}  // namespace imagenode
