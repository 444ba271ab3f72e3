#include "imagenode/detect/reading_registry.hpp"

#include <map>

namespace imagenode {
namespace {

/// Made at its first use, since the kinds register themselves in no particular order.
std::map<std::string, ReadingDetectorReader>& readers() {
  static std::map<std::string, ReadingDetectorReader> registered;
  return registered;
}

}  // namespace

RegisterReadingDetector::RegisterReadingDetector(const char* kind, ReadingDetectorReader reader) {
  readers().emplace(kind, reader);
}

std::vector<std::string> reading_detector_kinds() {
  std::vector<std::string> kinds;
  for (const auto& [kind, reader] : readers()) kinds.push_back(kind);
  return kinds;
}

ReadingDetectorKind read_reading_detector_kind(const std::string& kind, common::Section& section,
                                               const WatchedSource& source) {
  return readers().at(kind)(section, source);
}

}  // namespace imagenode
