#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"

/// Reading a database that SQLite calls damaged, as far as it goes. To be included by .cpp files only.
namespace imagehub {

/// Keys of a table that could not be read: everything from first to last; the table's end is open.
struct Gap {
  std::int64_t first = 0;
  std::optional<std::int64_t> last;
};

/// What one source gave to one table.
struct TableYield {
  std::uint64_t rows = 0;     ///< new ones
  std::uint64_t refused = 0;  ///< rows with impossible values
  std::vector<Gap> gaps;
};

/// An index, damaged or not, opened only to be read. When its first page is destroyed, that of an index just made is
/// put in its place, in a copy: tables of one schema begin at the same pages. A last page that was cut in two is left
/// out, in a copy as well. Bound to one thread.
class SalvageSource {
 public:
  /// Nothing when not even a copy with a new first page is readable. `scratch` is where copies go; they are removed
  /// when the object is.
  static std::unique_ptr<SalvageSource> open(common::FileSystem& files, const std::filesystem::path& file,
                                             const std::filesystem::path& scratch);
  ~SalvageSource();
  SalvageSource(const SalvageSource&) = delete;
  SalvageSource& operator=(const SalvageSource&) = delete;

  /// Whether the table has the column.
  bool has(const std::string& table, const std::string& column);

  using Visit = std::function<void(SQLite::Statement& row)>;

  /// Rows of `SELECT <columns> FROM <table> WHERE <where> AND <key> > ... ORDER BY <key>`; the first column must be the
  /// integer key. Pages that cannot be read are stepped over; returns the keys that were.
  std::vector<Gap> each(const std::string& columns, const std::string& table, const std::string& where,
                        const std::string& key, const Visit& visit);

  /// The same for a small table with any key: forwards as far as it goes, then backwards, so rows may come twice.
  /// Returns whether all could be read.
  bool each_from_both_ends(const std::string& columns, const std::string& table, const std::string& key,
                           const Visit& visit);

 private:
  SalvageSource(common::FileSystem& files, SQLite::Database db, std::vector<std::filesystem::path> copies)
      : files_(files), db_(std::move(db)), copies_(std::move(copies)) {}
  static bool readable(SQLite::Database& db);

  common::FileSystem& files_;
  std::optional<SQLite::Database> db_;
  std::vector<std::filesystem::path> copies_;
};

}  // namespace imagehub
