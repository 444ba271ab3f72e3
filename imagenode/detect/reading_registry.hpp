#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/detect/reading_detector.hpp"

/// The kinds of detectors of readings by name. A kind registers itself with a RegisterReadingDetector at the end of its
/// .cpp file, before main begins; adding one touches no other file. Read-only afterwards, so any thread may ask.
namespace imagenode {

/// What the settings of a source say of its readings.
struct WatchedSource {
  std::vector<std::string> fields;  ///< names of its numbers
  bool fields_known = true;         ///< false: only its readings tell
  double interval_s = 0;            ///< from reading to reading; 0: they come when they come
};

struct ReadingDetectorKind {
  std::function<std::unique_ptr<ReadingDetector>()> make;  ///< with the settings of the kind bound in
  bool needs_field = true;                                 ///< false: without one, any reading counts
};

/// Reads what a kind has for settings beside those that all of them have.
using ReadingDetectorReader = ReadingDetectorKind (*)(common::Section& section, const WatchedSource& source);

struct RegisterReadingDetector {
  RegisterReadingDetector(const char* kind, ReadingDetectorReader reader);
};

/// In alphabetical order.
std::vector<std::string> reading_detector_kinds();

/// `kind` is one of reading_detector_kinds().
ReadingDetectorKind read_reading_detector_kind(const std::string& kind, common::Section& section,
                                               const WatchedSource& source);

}  // namespace imagenode
