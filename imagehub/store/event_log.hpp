#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/file_system.hpp"

namespace imagehub {

/// The place of a line that could not be written yet.
inline constexpr std::int64_t kNoOffset = -1;

/// Where a line lies: the local day of its log file and its first byte there.
struct LogPosition {
  std::string day;
  std::int64_t offset = 0;
};

/// The event log as the Python hub wrote it: `imagehub.log`, renamed to `imagehub.log.<day>` at the first line of a
/// new day. A projection of the committed event rows: lines are appended, nothing is ever cut or overwritten, lines of
/// other writers stay. Bound to the thread that commits. Failures throw std::system_error.
class EventLog {
 public:
  EventLog(common::FileSystem& files, std::filesystem::path folder);

  /// "2026-11-20 08:18:31,809 ~ Barn door|motion|moving\n" in local time; control characters are escaped.
  static std::string line(std::int64_t time_ns, std::string_view text);

  /// The day under which the rows of the lines in the current file know it. Without that, and for a file that others
  /// wrote, it is the day of the file's last change, which a clock that was set back makes another one.
  void current_is_of(const std::string& day) { day_ = day; }
  /// Whether exactly this line stands at this place of the current file.
  bool current_holds(std::int64_t offset, std::string_view line) const { return stands_in(current(), offset, line); }

  /// Starts a new file when the local day of `now_ns` is not the file's. Then the position of the next line.
  LogPosition next_position(std::int64_t now_ns);

  /// Appends whole lines; when it cannot, none of their bytes stay. Returns the offset at which they begin: what
  /// next_position gave, unless another program has written to the log since then.
  std::int64_t append(std::string_view lines);

  /// Brings what was written to the disk.
  void sync();

  /// Whether exactly this line stands at this position.
  bool holds(const LogPosition& position, std::string_view line) const;

  /// Writes a line that stands at this position once more. After a sync that failed Linux takes what should have been
  /// written for written: only what is written again comes to the disk with the next sync.
  void write_again(const LogPosition& position, std::string_view line);

 private:
  bool stands_in(const std::filesystem::path& path, std::int64_t offset, std::string_view line) const;
  std::optional<std::filesystem::path> file_with(const LogPosition& position, std::string_view line) const;
  std::filesystem::path path_of(const std::string& day) const;
  std::filesystem::path current() const { return folder_ / "imagehub.log"; }
  std::int64_t end_of_lines() const;
  void rotate();

  common::FileSystem& files_;
  std::filesystem::path folder_;
  std::set<std::filesystem::path> to_sync_;
  bool name_to_sync_ = true;  ///< the file's name may not be durable: a crash may have come before it was synced
  std::string day_;           ///< local day that the current file belongs to; empty while there is no file
};

}  // namespace imagehub
