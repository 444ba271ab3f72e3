#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.hpp"
#include "common/payload.hpp"
#include "imagehub/store/event_log.hpp"

namespace imagehub {

/// A line of an event log, taken apart.
struct LogLine {
  std::int64_t time_ns = 0;
  std::string_view text;  ///< as it stands there
};
/// "2026-11-20 08:18:31,809 ~ Barn door|motion|moving", without the line's end. Nothing for a line of another form.
std::optional<LogLine> parse_log_line(std::string_view line);

/// Reads the event logs of all days, whoever wrote them. Not thread-safe. Failures throw std::system_error.
class LogFiles {
 public:
  LogFiles(common::FileSystem& files, const std::filesystem::path& folder);

  struct File {
    std::filesystem::path path;
    std::string day;  ///< as in its name, such as "2026-11-19" or "2026-11-19-1"; of imagehub.log the day of its last
                      ///< change
    bool current = false;
  };
  /// In the order of days; the current one last.
  const std::vector<File>& files() const { return list_; }

  /// Whether the line of an event stands at this position of that day's log. It counts as found in the current log too,
  /// and in one whose name was taken (...-1); written in another time zone; and with the text as an older program wrote
  /// it, not escaped.
  bool holds(const LogPosition& position, std::int64_t time_ns, std::string_view text);

  /// Whether it stands at this place of the current log.
  bool current_holds(std::int64_t offset, std::int64_t time_ns, std::string_view text);
  /// The day by which the rows of its lines know the current log.
  void current_is_of(const std::string& day);

  /// Calls `visit` with each whole line and its offset.
  void each_line(const File& file, const std::function<void(std::int64_t offset, std::string_view line)>& visit);

 private:
  struct Window {
    common::OpenFilePtr file;
    std::uint64_t start = 0;
    common::Bytes bytes;
  };
  bool stands_in(const File& file, std::int64_t offset, std::int64_t time_ns, std::string_view text);
  std::string_view read(const File& file, std::uint64_t offset, std::size_t count);

  common::FileSystem& files_;
  std::vector<File> list_;
  std::map<std::filesystem::path, Window> windows_;  ///< of the files that were read last
};

}  // namespace imagehub
