#include "imagenode/detect/registry.hpp"

#include <map>

namespace imagenode {
namespace {

/// Made at its first use, since the kinds register themselves in no particular order.
std::map<std::string, DetectorReader>& readers() {
  static std::map<std::string, DetectorReader> registered;
  return registered;
}

}  // namespace

RegisterDetector::RegisterDetector(const char* kind, DetectorReader reader) {
  readers().emplace(kind, reader);
}

std::vector<std::string> detector_kinds() {
  std::vector<std::string> kinds;
  for (const auto& [kind, reader] : readers()) kinds.push_back(kind);
  return kinds;
}

DetectorMaker read_detector_kind(const std::string& kind, common::Section& section) {
  return readers().at(kind)(section);
}

}  // namespace imagenode
