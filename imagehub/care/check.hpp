#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "imagehub/care/data_directory.hpp"

namespace imagehub {

enum class CheckLevel {
  presence,  ///< files, rows and lines are there
  size,      ///< and files have the size of their row
  content    ///< and its CRC or SHA-256: reads every picture, every batch, and every page of the index
};

/// What check() looks for. Those before `old_file` break an invariant of docs/design/delivery.md.
enum class Finding {
  damaged_index,
  row_without_file,
  wrong_size,
  wrong_content,
  unreadable_file,
  shared_file,
  event_without_line,
  file_without_row,
  temporary,
  batch_without_file,
  batch_wrong_content,
  batch_unreadable,
  batch_without_row,
  old_file,   ///< information: without a row, and older than the index
  other_file  ///< information: neither picture nor of a batch
};
inline constexpr std::size_t kFindings = 15;

struct Found {
  std::string what;     ///< path below the data directory, or the event
  std::string detail;   ///< may be empty
  std::int64_t id = 0;  ///< of the row, when it has one
};

struct CheckReport {
  CheckLevel level = CheckLevel::size;
  bool beside_hub = false;  ///< a hub was at work; what it was just filing was left out
  std::array<std::vector<Found>, kFindings> found;

  std::uint64_t image_rows = 0;
  std::uint64_t event_rows = 0;
  std::uint64_t batch_rows = 0;
  std::uint64_t adopted_rows = 0;
  std::uint64_t crc_pending = 0;
  std::uint64_t unfinished_rows = 0;  ///< left by a crash; the next start of the hub finishes them
  std::uint64_t bytes_read = 0;
  double seconds = 0;

  const std::vector<Found>& of(Finding finding) const { return found[static_cast<std::size_t>(finding)]; }
  std::vector<Found>& of(Finding finding) { return found[static_cast<std::size_t>(finding)]; }
  /// Broken invariants.
  std::uint64_t differences() const;
};

/// Whether so many rows of pictures have no file that the folder is more likely not mounted than emptied: more than
/// half, and at least twenty.
bool most_have_no_file(std::uint64_t without_file, std::uint64_t rows);

/// Looks for the file of each row, also of those that a crash left unfinished: "30 of 30 pictures are not in ..., as if
/// it was not mounted". Nothing unless most have none. Brings an older index up to date, changes nothing else.
std::optional<std::string> seems_not_mounted(common::FileSystem& files, const DataDirectory& data);

/// Compares index, files and logs. Changes nothing. With `beside_hub` a hub may be at work meanwhile: what differs is
/// looked at a second time. Throws std::exception when there is nothing that it can check.
CheckReport check(common::FileSystem& files, const DataDirectory& data, CheckLevel level, bool beside_hub,
                  const common::Clock& clock, const Progress& progress);

}  // namespace imagehub
