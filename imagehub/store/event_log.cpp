#include "imagehub/store/event_log.hpp"

#include <system_error>

#include "common/clock.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kClockBehind = 2 * 86'400 * common::kSecond;

common::ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

EventLog::EventLog(common::FileSystem& files, fs::path folder) : files_(files), folder_(std::move(folder)) {
  common::make_folders(files_, folder_);
  // What the rows say is better, see current_is_of().
  if (const auto info = files_.info(current())) day_ = common::local_date(info->modified_ns);
}

std::string EventLog::line(std::int64_t time_ns, std::string_view text) {
  return common::log_stamp(time_ns) + " ~ " + common::escaped(text) + '\n';
}

LogPosition EventLog::next_position(std::int64_t now_ns) {
  const std::string today = common::local_date(now_ns);
  // A clock that is a little behind after a start will be set soon; its lines stay with those of the last day.
  const bool clock_behind = today < day_ && day_ <= common::local_date(now_ns + kClockBehind);
  if (!common::exists(files_, current())) {
    day_ = today;
  } else if (today != day_ && !clock_behind) {
    if (!day_.empty()) rotate();
    day_ = today;
  }
  return {day_, end_of_lines()};
}

void EventLog::rotate() {
  sync();
  const fs::path dated = path_of(day_);
  for (int suffix = 0;; ++suffix) {
    const fs::path target = suffix == 0 ? dated : fs::path(common::cat(dated.string(), '-', suffix));
    if (files_.rename_if_free(current(), target)) break;
  }
  files_.sync_folder(folder_);
}

/// Where the next line begins.
std::int64_t EventLog::end_of_lines() const {
  if (!common::exists(files_, current())) return 0;
  return static_cast<std::int64_t>(common::next_line(*files_.open(current(), common::OpenMode::read)));
}

std::int64_t EventLog::append(std::string_view lines) {
  const bool is_new = !common::exists(files_, current());
  to_sync_.insert(current());
  const auto file = files_.open(current(), common::OpenMode::create);
  name_to_sync_ = name_to_sync_ || is_new;
  return static_cast<std::int64_t>(common::append_lines(*file, current(), lines));
}

void EventLog::sync() {
  for (const fs::path& path : to_sync_) {
    if (common::exists(files_, path)) files_.open(path, common::OpenMode::change)->sync();
  }
  if (name_to_sync_) files_.sync_folder(folder_);
  to_sync_.clear();
  name_to_sync_ = false;
}

bool EventLog::holds(const LogPosition& position, std::string_view line) const {
  return file_with(position, line).has_value();
}

void EventLog::write_again(const LogPosition& position, std::string_view line) {
  const auto path = file_with(position, line);
  if (!path) return;
  to_sync_.insert(*path);
  files_.open(*path, common::OpenMode::change)->write(static_cast<std::uint64_t>(position.offset), bytes_of(line));
}

/// The file that has exactly this line at this position.
std::optional<fs::path> EventLog::file_with(const LogPosition& position, std::string_view line) const {
  for (const fs::path& path : {current(), path_of(position.day)}) {
    // The current file whatever its day: a clock that was set back makes a start take it for that of another one.
    if (stands_in(path, position.offset, line)) return path;
  }
  return std::nullopt;
}

bool EventLog::stands_in(const fs::path& path, std::int64_t offset, std::string_view line) const {
  if (offset == kNoOffset || !common::exists(files_, path)) return false;
  std::string found(line.size(), '\0');
  const auto file = files_.open(path, common::OpenMode::read);
  const std::size_t count =
      file->read(static_cast<std::uint64_t>(offset), {reinterpret_cast<std::uint8_t*>(found.data()), found.size()});
  return count == line.size() && found == line;
}

fs::path EventLog::path_of(const std::string& day) const {
  return folder_ / ("imagehub.log." + day);
}

}  // namespace imagehub
