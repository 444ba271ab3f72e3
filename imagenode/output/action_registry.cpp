#include "imagenode/output/action_registry.hpp"

#include <map>

namespace imagenode {
namespace {

/// Made at its first use, since the kinds register themselves in no particular order.
std::map<std::string, ActionReader>& readers() {
  static std::map<std::string, ActionReader> registered;
  return registered;
}

}  // namespace

RegisterAction::RegisterAction(const char* kind, ActionReader reader) {
  readers().emplace(kind, reader);
}

std::vector<std::string> action_kinds() {
  std::vector<std::string> kinds;
  for (const auto& [kind, reader] : readers()) kinds.push_back(kind);
  return kinds;
}

ActionKind read_action_kind(const std::string& kind, common::Section& section, const KnownViews& views) {
  return readers().at(kind)(section, views);
}

}  // namespace imagenode
