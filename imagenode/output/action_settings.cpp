#include "imagenode/output/action_settings.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr double kDay = 86'400;

void read_when(common::Section& section, std::vector<EventPattern>& when) {
  std::vector<std::string> texts;
  section.read("when", texts);
  if (texts.empty()) section.problem("when", "the text of an event is needed, such as \"Barn door|motion|moving\"");
  for (const std::string& text : texts) {
    if (auto pattern = EventPattern::parse(text)) {
      when.push_back(std::move(*pattern));
    } else {
      section.problem("when", cat("\"", common::escaped(text),
                                  "\" is the text of no event; write it as it stands in the hub's log, such as "
                                  "\"Barn door|motion|moving\", with * for what may be anything"));
    }
  }
}

void read_kind(common::Section& section, const KnownViews& views, ActionSettings& settings) {
  section.read("type", settings.type);
  const auto kinds = action_kinds();
  if (std::find(kinds.begin(), kinds.end(), settings.type) != kinds.end()) {
    settings.kind = read_action_kind(settings.type, section, views);
    return;
  }
  std::string known;
  for (const auto& one : kinds) known += (known.empty() ? "" : ", ") + one;
  section.problem("type", settings.type.empty()
                              ? cat("is required here; one of ", known)
                              : cat(common::escaped(settings.type), " is unknown; known are ", known));
}

void read_limits(common::Section& section, ActionSettings& settings) {
  settings.limits.cool_down_s = settings.kind.cool_down_s;
  section.read_duration("cool_down", settings.limits.cool_down_s, 1, {0, 30 * kDay});
  section.read("at_most", settings.limits.at_most, {1, 10'000});
  section.read_duration("within", settings.limits.within_s, 1, {1, 30 * kDay});
  if (section.has("within") && !settings.limits.at_most) {
    section.problem("within", "says nothing without at_most: how often, within that time");
  }
}

}  // namespace

std::vector<ActionSettings> read_actions(common::Section& root, const KnownViews& views) {
  std::vector<ActionSettings> actions;
  for (auto& [label, section] : root.named_sections("actions")) {
    ActionSettings settings;
    settings.label = label;
    if (label.find('|') != std::string::npos) section.problem("type", "the label of an action may not hold |");
    read_when(section, settings.when);
    read_kind(section, views, settings);
    read_limits(section, settings);
    section.read("dry_run", settings.dry_run);
    actions.push_back(std::move(settings));
  }
  return actions;
}

}  // namespace imagenode
