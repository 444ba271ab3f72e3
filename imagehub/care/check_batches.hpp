#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "imagehub/care/check.hpp"
#include "imagehub/care/stopped_hub.hpp"
#include "imagehub/index/index_reader.hpp"

/// What check() and repair() do about batches of rows. Failures throw std::exception.
namespace imagehub {

/// Compares the folders below data/ with the rows of batches: every file of a closed batch is there, with size and
/// SHA-256 (CheckLevel::content) of its row, and so is its manifest; no batch is without a row. Adds what differs to
/// the report. A hub may be at work: what it has not put in its place is left out.
void check_batches(common::FileSystem& files, const DataDirectory& data, IndexReader& index, const Progress& progress,
                   CheckReport& report);

struct RepairedBatches {
  std::uint64_t adopted = 0;  ///< made rows of, from their manifests
  std::uint64_t moved = 0;    ///< rows moved into a report: their folders are gone
  std::optional<std::filesystem::path> report;
};

/// Adopts batches that have no row; moves rows whose folders are gone into a file in reports/, unless most have none.
/// What is done leaves `report`.
RepairedBatches repair_batches(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub,
                               CheckReport& report, std::int64_t utc_ns);

/// Rows of closed batches whose folders are gone.
struct LostBatches {
  std::map<std::int64_t, std::string> lines;  ///< for a report, by id
  bool most = false;                          ///< as if their disk was not mounted
};
LostBatches lost_batches(common::FileSystem& files, const DataDirectory& data);
/// Takes these rows out of the index, in a transaction of its own; identities stay. Throws std::exception.
void forget(const LostBatches& lost, Index& index);

/// Makes a row of each closed batch below data/ that has none, from its manifest; returns how many.
std::uint64_t adopt_batches(common::FileSystem& files, const DataDirectory& data, Index& index);

}  // namespace imagehub
