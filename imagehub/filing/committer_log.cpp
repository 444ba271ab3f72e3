#include "common/local_time.hpp"
#include "common/log.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/index/newest_event.hpp"

/// The Committer's part that keeps the event log.
namespace imagehub {
namespace {

constexpr std::int64_t kLogRetryInterval = common::kSecond;
/// Finished events that are looked through for one whose line stands in the current log.
constexpr std::int64_t kLookBack = 1000;

}  // namespace

/// The log is renamed to the day that its rows know it by, whatever a stepping clock made of the file's last change.
void Committer::find_day_of_log() {
  const auto row = newest_event(index_, finished_.event_id - kLookBack, [&](const EventRow& event) {
    return log_.current_holds(event.log_offset, EventLog::line(event.time_ns, event.text));
  });
  if (row) log_.current_is_of(row->log_day);
}

/// Gives each event row the place that its line will have.
void Committer::place_lines(Batch& batch) {
  if (batch.events.empty()) return;
  LogPosition position{common::local_date(clock_.utc_ns()), kNoOffset};
  try {
    if (!log_behind_) reserve_.spend([&] { position = log_.next_position(clock_.utc_ns()); });
  } catch (const std::system_error& error) {
    fall_behind(error.what());
  }
  for (auto& [candidate, row] : batch.events) {
    row.log_day = position.day;
    row.log_offset = position.offset;
    if (!log_behind_) position.offset += static_cast<std::int64_t>(EventLog::line(row.time_ns, row.text).size());
  }
}

void Committer::append_lines(const Batch& batch) {
  if (batch.events.empty() || log_behind_) return;
  std::string lines;
  std::vector<EventRow> rows;
  for (const auto& [candidate, row] : batch.events) {
    lines += EventLog::line(row.time_ns, row.text);
    rows.push_back(row);
  }
  try {
    append_at(rows, lines);
    written_event_ = rows.back().id;
  } catch (const std::exception& error) {
    fall_behind(error.what());
  }
}

/// When another program has written to the log in between, the rows are told where their lines came to stand.
void Committer::append_at(const std::vector<EventRow>& rows, const std::string& lines) {
  std::int64_t offset = kNoOffset;
  reserve_.spend([&] { offset = log_.append(lines); });
  const std::int64_t moved_by = offset - rows.front().log_offset;
  if (moved_by == 0) return;
  reserve_.spend([&] {
    Index::Transaction transaction(index_);
    for (const EventRow& row : rows) index_.move_line(row.id, row.log_day, row.log_offset + moved_by);
    transaction.commit();
  });
}

void Committer::fall_behind(const std::string& why) {
  log_behind_ = true;
  next_log_try_ns_ = clock_.monotonic_ns() + kLogRetryInterval;
  common::log::error(why + "; the events are in the index, their log lines follow when it is possible again");
}

/// The places first, so that a line is found again wherever this is interrupted. Lines that are there are written
/// again: a sync may have failed, or a crash may have left them in memory only.
void Committer::append_missing(const std::vector<EventRow>& rows) {
  LogPosition position{{}, kNoOffset};
  std::string lines;
  std::vector<EventRow> missing;
  Index::Transaction transaction(index_);
  for (const EventRow& row : rows) {
    const std::string line = EventLog::line(row.time_ns, row.text);
    const LogPosition place{row.log_day, row.log_offset};
    if (log_.holds(place, line)) {
      log_.write_again(place, line);
      continue;
    }
    if (position.offset == kNoOffset) position = log_.next_position(clock_.utc_ns());
    index_.move_line(row.id, position.day, position.offset);
    missing.push_back(row);
    missing.back().log_day = position.day;
    missing.back().log_offset = position.offset;
    position.offset += static_cast<std::int64_t>(line.size());
    lines += line;
  }
  transaction.commit();
  if (!missing.empty()) append_at(missing, lines);
  log_.sync();
}

void Committer::catch_up_log() {
  log_behind_ = true;
  for (auto rows = index_.unfinished_events(finished_.event_id); !rows.empty();
       rows = index_.unfinished_events(finished_.event_id)) {
    append_missing(rows);
    written_event_ = finished_.event_id = rows.back().id;
  }
  log_behind_ = false;
}

void Committer::try_catch_up_log() {
  next_log_try_ns_ = clock_.monotonic_ns() + kLogRetryInterval;
  try {
    reserve_.spend([&] { catch_up_log(); });
  } catch (const std::exception&) {
    // Said when it began; a later group tries again.
  }
}

}  // namespace imagehub
