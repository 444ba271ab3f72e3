#include "imagehub/store/event_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kClockBehind = 2 * 86'400 * common::kSecond;

[[noreturn]] void fail(const char* action, const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), common::cat(action, ' ', path.string()));
}

std::int64_t size_of(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return missing ? 0 : static_cast<std::int64_t>(size);
}

bool ends_with_newline(const fs::path& path, std::int64_t size) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(size - 1);
  return in.get() == '\n';
}

}  // namespace

EventLog::EventLog(fs::path folder) : folder_(std::move(folder)) {
  common::make_folder(folder_);
  // After a restart the day of the file is that of its last line, that is of its last change.
  struct stat state {};
  if (::stat(current().c_str(), &state) == 0) day_ = common::local_date(state.st_mtim.tv_sec * common::kSecond);
}

std::string EventLog::line(std::int64_t time_ns, std::string_view text) {
  return common::log_stamp(time_ns) + " ~ " + common::escaped(text) + '\n';
}

LogPosition EventLog::next_position(std::int64_t now_ns) {
  const std::string today = common::local_date(now_ns);
  // A clock that is a little behind after a start will be set soon; its lines stay with those of the last day.
  const bool clock_behind = today < day_ && day_ <= common::local_date(now_ns + kClockBehind);
  if (!fs::exists(current())) {
    day_ = today;
  } else if (today != day_ && !clock_behind) {
    if (!day_.empty()) rotate();
    day_ = today;
  }
  std::int64_t size = size_of(current());
  if (size > 0 && !ends_with_newline(current(), size)) {
    // Half a line is left from a full disk; it keeps a line of its own.
    append("\n");
    ++size;
  }
  return {day_, size};
}

void EventLog::rotate() {
  sync();
  const fs::path dated = path_of(day_);
  for (int suffix = 0;; ++suffix) {
    const fs::path target = suffix == 0 ? dated : fs::path(common::cat(dated.string(), '-', suffix));
    if (common::rename_if_free(current(), target)) break;
  }
  common::sync_folder(folder_);
}

void EventLog::append(std::string_view lines) {
  const common::UniqueFd fd(::open(current().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) fail("cannot open log", current());
  while (!lines.empty()) {
    const ssize_t written = ::write(fd.get(), lines.data(), lines.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("cannot write log", current());
    }
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

void EventLog::sync() const {
  const common::UniqueFd fd(::open(current().c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return;
  if (!fd || ::fdatasync(fd.get()) != 0) fail("cannot sync log", current());
}

bool EventLog::holds(const LogPosition& position, std::string_view line) const {
  if (position.offset == kNoOffset) return false;
  const auto stands_in = [&](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    in.seekg(position.offset);
    std::string found(line.size(), '\0');
    in.read(found.data(), static_cast<std::streamsize>(found.size()));
    return in.gcount() == static_cast<std::streamsize>(line.size()) && found == line;
  };
  return (position.day == day_ && stands_in(current())) || stands_in(path_of(position.day));
}

fs::path EventLog::path_of(const std::string& day) const {
  return folder_ / ("imagehub.log." + day);
}

}  // namespace imagehub
