#include "imagenode/output/lamp_settings.hpp"

#include <set>
#include <utility>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// The view whose light detector is meant: the one that is named, or the only one that has such a detector.
void read_dark_view(common::Section& section, const KnownViews& views, Darkness& dark) {
  std::string wanted;
  section.read("view", wanted);
  const KnownView* found = nullptr;
  for (const KnownView& view : views) {
    if (wanted.empty() ? view.light_detectors == 0 : !view.is(wanted)) continue;
    if (found != nullptr && wanted.empty()) {
      section.problem("view", "several cameras have a light detector; say by view which one is meant");
      return;
    }
    found = &view;
  }
  if (found == nullptr) {
    section.problem(wanted.empty() ? "on" : "view",
                    wanted.empty() ? "dark needs a camera with the detector light: {}"
                                   : cat(common::escaped(wanted), " is neither a viewname nor the label of a camera"));
  } else if (found->light_detectors != 1) {
    section.problem("view", cat("camera ", common::escaped(found->label), " has ", found->light_detectors,
                                " detectors of type light; one is needed, whose word counts"));
  } else {
    dark.view = found->name;
  }
}

void read_on(common::Section& section, const KnownViews& views, LampSettings& lamp) {
  std::vector<std::string> texts;
  section.read("on", texts);
  if (texts.size() == 1 && common::lower(common::trimmed(texts.front())) == "dark") {
    lamp.dark.emplace();
    read_dark_view(section, views, *lamp.dark);
    section.read_duration("hold", lamp.dark->hold_s, 1, {0, 86'400});
    return;
  }
  for (const char* key : {"view", "hold"}) {
    if (section.has(key)) section.problem(key, "has a meaning only with on: dark");
  }
  if (!section.has("on")) return;
  if (const auto table = Timetable::parse(texts)) {
    lamp.on = *table;
    return;
  }
  std::string given;
  for (const std::string& text : texts) given += cat(given.empty() ? "" : ", ", text);
  section.problem(
      "on", cat(common::escaped(given), " is neither continuous, dark nor times such as (11pm-5am) or 23:00-5:30"));
}

}  // namespace

std::vector<LampSettings> read_lamps(common::Section& root, const KnownViews& views) {
  std::vector<LampSettings> lamps;
  std::set<std::pair<std::string, std::string>> lines;
  for (auto& [label, section] : root.named_sections("lights")) {
    LampSettings lamp;
    lamp.label = label;
    lamp.name = label;
    section.read("name", lamp.name);
    if ((label + lamp.name).find('|') != std::string::npos) {
      section.problem("name", "neither the label nor the name of a light may hold |");
    }
    lamp.address = GpioAddress::read(section, "18");
    if (!lines.emplace(lamp.address.chip, lamp.address.line).second) {
      section.problem("gpio", cat(common::escaped(lamp.address.line), " is the line of another light too"));
    }
    read_on(section, views, lamp);
    lamps.push_back(std::move(lamp));
  }
  return lamps;
}

}  // namespace imagenode
