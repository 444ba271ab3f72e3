#include "imagenode/detect/reading_detector_settings.hpp"

#include <algorithm>

#include "common/text.hpp"
#include "imagenode/reading/event_text.hpp"

namespace imagenode {
namespace {

using common::cat;

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + common::escaped(name);
  return list;
}

void check_name(common::Section& section, const std::string& name) {
  if (name.empty() || name.find('|') != std::string::npos) {
    section.problem("detectors", "the name of a detector is neither empty nor may it hold |");
  } else {
    check_event_text(section, "detectors", name);
  }
}

/// The name says it when it is that of a kind.
std::string read_kind(common::Section& section, const std::string& name) {
  const auto kinds = reading_detector_kinds();
  const auto named = std::find(kinds.begin(), kinds.end(), name);
  int kind = named == kinds.end() ? -1 : static_cast<int>(named - kinds.begin());
  section.read_choice("type", kinds, kind);
  if (kind >= 0) return kinds.at(static_cast<std::size_t>(kind));
  if (!section.has("type")) section.problem("type", cat("is required here; one of ", listed(kinds)));
  return "";
}

std::string read_field(common::Section& section, const WatchedSource& source, bool needed) {
  std::string field;
  section.read("field", field);
  const auto& fields = source.fields;
  if (field.empty() && needed && !source.fields_known) {
    section.problem("field", "is required here: the name of one of the numbers; `value` for one that has no name");
  } else if (field.empty() && needed && fields.size() == 1) {
    field = fields.front();
  } else if (field.empty() && needed) {
    section.problem("field", fields.empty() ? "there is no number that could be judged"
                                            : cat("is required here; one of ", listed(fields)));
  } else if (!field.empty() && source.fields_known && std::find(fields.begin(), fields.end(), field) == fields.end()) {
    section.problem("field", fields.empty() ? "there is no number that could be judged"
                                            : cat(common::escaped(field), " is not one of ", listed(fields)));
  }
  return field;
}

}  // namespace

std::vector<ReadingDetectorSettings> read_reading_detectors(common::Section& section, const WatchedSource& source) {
  std::vector<ReadingDetectorSettings> detectors;
  for (auto& [name, entry] : section.named_sections("detectors")) {
    ReadingDetectorSettings settings;
    settings.name = name;
    check_name(entry, name);
    settings.kind = read_kind(entry, name);
    if (settings.kind.empty()) continue;
    const ReadingDetectorKind kind = read_reading_detector_kind(settings.kind, entry, source);
    settings.make = kind.make;
    settings.field = read_field(entry, source, kind.needs_field);
    detectors.push_back(std::move(settings));
  }
  return detectors;
}

}  // namespace imagenode
