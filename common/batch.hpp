#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Batches of rows as they lie on the disk: a folder of CSV files and a manifest.json. Thread-safe.
namespace common {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kDefaultNamePattern = "{name}-%Y-%m-%dT%H.%M.%S-{k}.csv";

struct BatchFile {
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< empty while it grows
};

/// What a batch is and holds. One session of a node (its boot) has batches number 1, 2, 3 ... of each source.
struct Batch {
  std::string node;
  std::string view;
  std::string source;
  std::uint64_t boot = 0;
  std::uint64_t number = 1;
  bool complete = false;      ///< has all its files with all their rows; else it was closed before that
  std::string header;         ///< of each file, without line end
  std::int64_t time_ns = 0;   ///< UTC, for names: the first row's, or the sender's when that is not to be trusted
  std::int64_t first_ns = 0;  ///< earliest and latest Timestamp
  std::int64_t last_ns = 0;
  std::vector<BatchFile> files;

  std::uint64_t rows() const;
  std::uint64_t bytes() const;
  /// What names are made of: the source, without one the view, without both "data".
  const std::string& name() const;
};

/// How much a batch and its files take, and how they are named.
struct BatchLimits {
  int files_per_batch = 5;
  int rows_per_file = 400;
  std::string name_pattern = kDefaultNamePattern;

  /// A file is full by its rows, and also when it is very long.
  bool is_full(const BatchFile& file) const;
  bool is_full(const Batch& batch) const;
  /// Whether it has all its files with all their rows.
  bool is_complete(const Batch& batch) const;
};

std::string to_manifest(const Batch& batch);
/// Nothing when it is none, or names a file outside its folder.
std::optional<Batch> parse_manifest(std::string_view json);

/// The batch's folder: "2026-11-20/<node>/<name>/2026-11-20T08.18.31.809000", local time.
std::string batch_path(const Batch& batch);

/// Name of the k-th file (1 is the first) by a pattern of strftime's %Y %y %m %d %j %H %M %S (local time of the batch),
/// {name}, {n} (number of the batch) and {k} with as many digits as the last of `files` needs.
std::string batch_file_name(const std::string& pattern, const Batch& batch, int k, int files);

/// Why this is no pattern, and what is one.
std::optional<std::string> name_pattern_problem(std::string_view pattern);

}  // namespace common
