#include "imagenode/output/timetable.hpp"

#include <algorithm>

#include "common/setting_values.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

constexpr int kHour = 60;
constexpr int kDay = 24 * kHour;

/// A number out of so many, without sign.
std::optional<int> number_below(std::string_view text, int limit) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto number = digits ? common::to_int(text) : std::nullopt;
  return number && *number < limit ? number : std::nullopt;
}

/// 11pm, 5:30am, 23:00; a lone number is none, since nobody knows which half of the day it means.
std::optional<int> minute_of(std::string_view text) {
  text = common::trimmed(text);
  const bool am = text.ends_with("am");
  const bool pm = text.ends_with("pm");
  if (am || pm) text = common::trimmed(text.substr(0, text.size() - 2));
  const auto colon = text.find(':');
  if (!am && !pm && colon == std::string_view::npos) return std::nullopt;
  auto hour = number_below(text.substr(0, colon), 25);
  const auto minute = colon == std::string_view::npos ? 0 : number_below(text.substr(colon + 1), kHour);
  if (!hour || !minute) return std::nullopt;
  if (am || pm) {
    if (*hour < 1 || *hour > 12) return std::nullopt;
    *hour = *hour % 12 + (pm ? 12 : 0);
  }
  const int found = *hour * kHour + *minute;
  return found <= kDay ? std::optional(found % kDay) : std::nullopt;
}

}  // namespace

std::optional<Timetable::Span> Timetable::parse_span(std::string_view text) {
  text = common::trimmed(text);
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = minute_of(text.substr(0, dash));
  const auto to = minute_of(text.substr(dash + 1));
  if (!from || !to || *from == *to) return std::nullopt;
  return Span{*from, *to};
}

std::optional<Timetable> Timetable::parse(const std::vector<std::string>& texts) {
  Timetable table;
  if (texts.size() == 1 && common::lower(common::trimmed(texts.front())) == "continuous") return table;
  for (const std::string& text : texts) {
    const std::string lowered = common::lower(text);
    std::string_view rest = lowered;
    for (;;) {
      const auto comma = rest.find(',');
      const auto span = parse_span(rest.substr(0, comma));
      if (!span) return std::nullopt;
      table.spans_.push_back(*span);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return table.spans_.empty() ? std::nullopt : std::optional(table);
}

bool Timetable::is_on(int minute) const {
  const auto holds = [minute](const Span& span) {
    if (span.from < span.to) return minute >= span.from && minute < span.to;
    return minute >= span.from || minute < span.to;
  };
  return spans_.empty() || std::any_of(spans_.begin(), spans_.end(), holds);
}

}  // namespace imagenode
