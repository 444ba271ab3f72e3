#include "imagenode/detect/reading_watch.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/text.hpp"

namespace imagenode {
namespace {

/// A | would end this part of the text.
std::string without_bars(std::string text) {
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

}  // namespace

ReadingWatch::ReadingWatch(std::string source, const std::vector<ReadingDetectorSettings>& settings, ReadingSink sink,
                           const common::Clock& clock)
    : source_(std::move(source)), sink_(std::move(sink)), clock_(clock) {
  for (const auto& one : settings) members_.push_back({one.name, one.kind, one.field, one.make(), "", ""});
}

void ReadingWatch::succeed(const ReadingWatch& before) {
  const std::scoped_lock lock(mutex_, before.mutex_);
  for (Member& member : members_) {
    for (const Member& old : before.members_) {
      if (old.name != member.name || old.kind != member.kind || old.field != member.field) continue;
      member.told = old.told;
      member.detector->begin_as(old.told);
      member.detector->succeed(*old.detector);
    }
  }
}

void ReadingWatch::judge(const Reading& reading) {
  if (members_.empty() || (reading.fields.empty() && !reading.text.empty())) return;
  const std::lock_guard lock(mutex_);
  Reading moment;
  moment.time_ns = reading.time_ns;
  moment.clock_synchronised = reading.clock_synchronised;
  moment.monotonic_ns = latest_ns_ = std::max(latest_ns_, reading.monotonic_ns);
  for (Member& member : members_) judge(member, reading, moment);
}

void ReadingWatch::judge(Member& member, const Reading& reading, const Reading& moment) {
  Sample sample{0, moment.monotonic_ns};
  if (!member.field.empty()) {
    const auto value = reading.fields.find(member.field);
    if (value == reading.fields.end() || !std::isfinite(value->second)) return;
    sample.value = value->second;
    const auto unit = reading.units.find(member.field);
    member.unit = unit == reading.units.end() ? "" : unit->second;
  }
  if (const auto change = member.detector->pass(sample.monotonic_ns)) tell(member, *change, moment);
  if (const auto change = member.detector->judge(sample)) tell(member, *change, moment);
}

void ReadingWatch::pass() {
  if (members_.empty()) return;
  const std::lock_guard lock(mutex_);
  Reading moment;
  moment.monotonic_ns = latest_ns_ = std::max(latest_ns_, clock_.monotonic_ns());
  moment.time_ns = clock_.utc_of(moment.monotonic_ns);
  moment.clock_synchronised = clock_.synchronised();
  for (Member& member : members_) {
    if (const auto change = member.detector->pass(moment.monotonic_ns)) tell(member, *change, moment);
  }
}

void ReadingWatch::tell(Member& member, const StateChange& change, const Reading& moment) const {
  member.told = change.state;
  Reading event = moment;
  event.source = source_;
  event.sender_is_source = true;
  event.text =
      common::cat(member.name, '|', without_bars(member.field.empty() ? source_ : member.field), '|', change.state);
  const auto add = [&](const std::string& name, double value, const std::string& unit) {
    if (!std::isfinite(value)) return;  // the difference of huge numbers need not be
    if (event.fields.emplace(name, value).second && !unit.empty()) event.units.emplace(name, unit);
  };
  if (change.value && !member.field.empty()) add(member.field, *change.value, member.unit);
  if (const auto& more = change.more) {
    const bool bare = more->in_unit_of_field && member.unit.empty();  // no "/min" alone
    add(more->name, more->value, bare ? "" : (more->in_unit_of_field ? member.unit : "") + more->unit);
  }
  sink_(event);
}

}  // namespace imagenode
