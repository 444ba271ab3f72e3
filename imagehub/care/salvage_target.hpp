#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "imagehub/care/salvage_source.hpp"

/// To be included by .cpp files only.
namespace imagehub {

struct SourceYield {
  bool identities_whole = true;
  bool nodes_whole = true;
  TableYield images;
  TableYield events;
  TableYield batches;
  TableYield chunks;
};

/// Keys that were in no source, with the capture times around them.
struct Loss {
  std::string table;
  std::int64_t first = 0;
  std::int64_t last = 0;
  /// At most so many rows: numbers that nobody has. Nothing when it is not known where the table ended.
  std::optional<std::uint64_t> missing;
  std::int64_t from_ns = 0;  ///< 0: not known
  std::int64_t to_ns = 0;
};

/// A new index that is filled from damaged ones and from backups, the best source first. Bound to one thread.
/// Failures throw std::exception.
class SalvageTarget {
 public:
  /// `incoming` is where pictures lie that have not got their names yet.
  SalvageTarget(common::FileSystem& files, const std::filesystem::path& file, std::filesystem::path incoming);
  ~SalvageTarget();
  SalvageTarget(const SalvageTarget&) = delete;
  SalvageTarget& operator=(const SalvageTarget&) = delete;

  /// What gives identities their meaning; of all sources before take(). Returns whether all could be read.
  bool take_boots(SalvageSource& source);

  /// Takes what is not there yet: identities first of all. What is unfinished, or to be deleted, only the damaged index
  /// itself knows: a backup is `older`.
  SourceYield take(SalvageSource& source, bool older);

  /// Writes identities, marks and counters, and notes that pictures and lines are to be adopted and told in `report`.
  void finish(const std::string& report);

  /// What of `gaps` of a table is still missing.
  std::vector<Loss> losses(const std::string& table, const std::vector<Gap>& gaps);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
