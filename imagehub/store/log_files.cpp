#include "imagehub/store/log_files.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCurrent = "imagehub.log";
constexpr std::size_t kStampSize = 23;
constexpr std::string_view kBetween = " ~ ";
constexpr std::size_t kWindow = 256 * 1024;
constexpr std::size_t kMaxWindows = 16;
/// Longer lines are not ours; a message's text is shorter.
constexpr std::size_t kMaxLine = 16 * 1024 * 1024;
/// Time zones differ by quarters of an hour.
constexpr std::int64_t kQuarter = 900 * common::kSecond;

bool is_of_day(const LogFiles::File& file, const std::string& day) {
  return file.day == day || (file.day.starts_with(day) && file.day.size() > day.size() && file.day[day.size()] == '-');
}

bool same_moment(std::int64_t a_ns, std::int64_t b_ns) {
  return (a_ns / common::kMillisecond * common::kMillisecond - b_ns) % kQuarter == 0;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  if (line.size() < kStampSize + kBetween.size() || line.substr(kStampSize, kBetween.size()) != kBetween) {
    return std::nullopt;
  }
  const auto time_ns = common::parse_log_stamp(line.substr(0, kStampSize));
  if (!time_ns) return std::nullopt;
  return LogLine{*time_ns, line.substr(kStampSize + kBetween.size())};
}

LogFiles::LogFiles(common::FileSystem& files, const fs::path& folder) : files_(files) {
  if (!common::exists(files_, folder)) return;
  for (const auto& name : files_.list(folder)) {
    const fs::path path = folder / name;
    const bool current = name == kCurrent;
    const bool of_a_day =
        name.size() > kCurrent.size() + 1 && name.starts_with(kCurrent) && name[kCurrent.size()] == '.';
    if (!current && !of_a_day) continue;
    const auto info = files_.info(path);
    if (!info || info->is_folder) continue;
    list_.push_back(
        {path, current ? common::local_date(info->modified_ns) : name.substr(kCurrent.size() + 1), current});
  }
  std::sort(list_.begin(), list_.end(),
            [](const File& a, const File& b) { return std::pair(a.current, a.day) < std::pair(b.current, b.day); });
}

std::string_view LogFiles::read(const File& file, std::uint64_t offset, std::size_t count) {
  if (windows_.size() >= kMaxWindows && !windows_.contains(file.path)) windows_.clear();
  Window& window = windows_[file.path];
  if (!window.file) window.file = files_.open(file.path, common::OpenMode::read);
  const auto here = [&] { return offset >= window.start && offset + count <= window.start + window.bytes.size(); };
  if (!here()) {
    window.start = offset;
    window.bytes.resize(std::max(count, kWindow));
    window.bytes.resize(window.file->read(offset, window.bytes));
    count = std::min(count, window.bytes.size());
  }
  return {reinterpret_cast<const char*>(window.bytes.data()) + (offset - window.start), count};
}

bool LogFiles::holds(const LogPosition& position, std::int64_t time_ns, std::string_view text) {
  return std::any_of(list_.begin(), list_.end(), [&](const File& file) {
    return (file.current || is_of_day(file, position.day)) && stands_in(file, position.offset, time_ns, text);
  });
}

bool LogFiles::current_holds(std::int64_t offset, std::int64_t time_ns, std::string_view text) {
  return !list_.empty() && list_.back().current && stands_in(list_.back(), offset, time_ns, text);
}

void LogFiles::current_is_of(const std::string& day) {
  if (!list_.empty() && list_.back().current) list_.back().day = day;
}

bool LogFiles::stands_in(const File& file, std::int64_t offset, std::int64_t time_ns, std::string_view text) {
  if (offset < 0) return false;
  const auto has = [&](std::string_view written) {
    const std::size_t size = kStampSize + kBetween.size() + written.size();
    const std::string_view found = read(file, static_cast<std::uint64_t>(offset), size + 1);
    if (found.size() < size || (found.size() > size && found[size] != '\n')) return false;
    const auto line = parse_log_line(found.substr(0, size));
    return line && line->text == written && same_moment(time_ns, line->time_ns);
  };
  const std::string escaped = common::escaped(text);
  return has(escaped) || (escaped != text && has(text));
}

void LogFiles::each_line(const File& file, const std::function<void(std::int64_t, std::string_view)>& visit) {
  const auto open = files_.open(file.path, common::OpenMode::read);
  std::string rest;
  std::uint64_t rest_offset = 0;
  common::Bytes block(kWindow);
  for (std::uint64_t offset = 0;;) {
    const std::size_t count = open->read(offset, block);
    offset += count;
    rest.append(reinterpret_cast<const char*>(block.data()), count);
    std::size_t start = 0;
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n', start)) {
      std::string_view line(rest.data() + start, end - start);
      visit(static_cast<std::int64_t>(rest_offset + start), line);
      start = end + 1;
    }
    rest.erase(0, start);
    rest_offset += start;
    if (count == 0 || rest.size() > kMaxLine) return;
  }
}

}  // namespace imagehub
