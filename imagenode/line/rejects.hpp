#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/file_system.hpp"
#include "imagenode/line/moment.hpp"

namespace imagenode {

/// A file of the rows that made no sense: Timestamp, Reason, Row, as CSV. When it has its size it becomes rejects.csv.1
/// and another is begun, at most once an hour, so that a line that gives nothing but nonsense does not wear out the
/// disk; until then rows are counted only. A disk that takes none is reported once. Bound to a thread.
class Rejects {
 public:
  /// Nothing is kept with `max_bytes` 0. The folder is made with the first row.
  Rejects(std::filesystem::path folder, std::uint64_t max_bytes, common::FileSystem& files);

  void add(const Moment& moment, std::string_view row, const std::string& reason);

  static constexpr std::size_t kMaxRow = 1000;  ///< of a longer one the beginning is kept
  static constexpr std::int64_t kPause = 3600 * common::kSecond;

 private:
  void append(const Moment& moment, const std::string& line);
  void begin();

  const std::filesystem::path folder_;
  const std::uint64_t max_bytes_;
  common::FileSystem& files_;
  common::OpenFilePtr file_;
  std::uint64_t size_ = 0;
  std::int64_t next_ns_ = 0;  // when another may be begun
  std::int64_t retry_ns_ = 0;
  bool failing_ = false;
};

}  // namespace imagenode
