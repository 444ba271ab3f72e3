#pragma once

#include <filesystem>
#include <optional>

#include "imagehub/care/adopt.hpp"
#include "imagehub/care/check.hpp"
#include "imagehub/care/check_batches.hpp"
#include "imagehub/care/stopped_hub.hpp"

namespace imagehub {

struct Repaired {
  Committer::Recovered recovered;  ///< what the start of the hub would have done too
  std::uint64_t temporaries = 0;   ///< removed
  std::uint64_t lines = 0;         ///< appended to the log
  std::uint64_t rows = 0;          ///< moved into the report: their files are gone
  std::optional<std::filesystem::path> report;
  Adopted adopted;
  RepairedBatches batches;
};

/// Repairs what check() has found in the directory of `hub`, and takes that out of `report`; what stays there only a
/// person can repair. Throws std::exception.
Repaired repair(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub, CheckReport& report,
                const common::Clock& clock, const Progress& progress);

/// Writes a text into reports/, as `<name>-<local time>.txt`; returns where.
std::filesystem::path write_report(common::FileSystem& files, const DataDirectory& data, const std::string& name,
                                   std::int64_t utc_ns, const std::string& text);

/// A line that tells all that a row says, for such a report.
std::string report_line(const ImageRow& row);

}  // namespace imagehub
