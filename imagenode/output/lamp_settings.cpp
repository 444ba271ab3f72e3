#include "imagenode/output/lamp_settings.hpp"

#include <set>

#include "common/text.hpp"

namespace imagenode {
namespace {

void read_on(common::Section& section, Timetable& on) {
  if (!section.has("on")) return;
  std::vector<std::string> texts;
  section.read("on", texts);
  if (const auto table = Timetable::parse(texts)) {
    on = *table;
    return;
  }
  std::string given;
  for (const std::string& text : texts) given += common::cat(given.empty() ? "" : ", ", text);
  section.problem(
      "on", common::cat(common::escaped(given), " is neither continuous nor times such as (11pm-5am) or 23:00-5:30"));
}

}  // namespace

std::vector<LampSettings> read_lamps(common::Section& root) {
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
      section.problem("gpio", common::cat(common::escaped(lamp.address.line), " is the line of another light too"));
    }
    read_on(section, lamp.on);
    lamps.push_back(std::move(lamp));
  }
  return lamps;
}

}  // namespace imagenode
