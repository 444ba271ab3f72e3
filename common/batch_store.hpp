#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/batch.hpp"
#include "common/file_system.hpp"
#include "common/payload.hpp"
#include "common/rows.hpp"

namespace common {

/// Batches of rows as folders: they grow below `data/.incoming/`, and are renamed into the folder of their day when
/// they are closed. How long a file is, the index says: what lies behind its committed length was never acknowledged,
/// and is cut off before anything is written there. Bound to the thread that commits. Failures throw std::system_error.
class BatchStore {
 public:
  /// `data` is created when the first batch begins. `sync` false leaves the writing to the operating system. Folders
  /// that grow are named with the prefix and a number.
  BatchStore(FileSystem& files, std::filesystem::path data, bool sync, std::string prefix = "batch-");

  /// In front of folders that a node without a hub fills; a hub that is given its data later knows them from its own.
  static constexpr const char* kLocalPrefix = "local-";

  /// Makes a folder below .incoming and returns its name. Its manifest says already whose rows will come, so that they
  /// can be told when the index is lost.
  std::string begin(const Batch& batch);
  /// Never gives this name to a new folder, also when there is no such folder any more.
  void hold_name(const std::string& incoming);

  /// Puts as many of the rows, beginning with row `from`, as find place into the last file of the batch, or into a new
  /// one when that is full or there is none; the batch then says so. Returns how many. None when the folder, or what
  /// the file had by the batch, is not there: somebody took acknowledged rows away.
  std::size_t append(const std::string& incoming, Batch& batch, const BatchLimits& limits, const std::vector<Row>& rows,
                     std::size_t from);
  /// On return all that was appended since the last call is on the disk, names included.
  void sync();
  /// Forgets what was appended and not synced.
  void forget() { written_.clear(), to_sync_.clear(); }
  /// SHA-256 of the first `bytes` of a file; empty when it is not there or shorter.
  std::string digest(const std::string& incoming, const std::string& name, std::uint64_t bytes);

  /// Makes the folder what the batch says, on the disk: cuts its files, removes all others, writes the manifest.
  /// Digests that are missing are filled in. False when there is no such folder.
  bool seal(const std::string& incoming, Batch& batch);

  /// A free place for the batch, below data/.
  std::string free_path(const Batch& batch) const;
  enum class Finish { done, taken, missing };
  /// Renames the folder to its place and makes that durable; done too when it is there already. `taken`: something else
  /// has this name.
  Finish finish(const std::string& incoming, const std::string& path);

  /// Removes a folder below .incoming.
  void discard(const std::string& incoming);
  /// What lies below .incoming, these folders left out.
  std::vector<std::string> others(const std::set<std::string>& incoming) const;
  /// A batch whose row was lost with a damaged index, with as many whole rows as its files have. Nothing when its
  /// manifest does not tell whose they are. A file without any is kept, under a name that ends with ".unreadable".
  std::optional<Batch> rescued(const std::string& incoming);
  /// Removes a closed batch and the folders that are empty without it, durably; done too when it is not there. Throws
  /// also when all of data/ is not there, since it may not be mounted.
  void remove(const std::string& path);
  /// Moves a folder that nobody can tell anything of to data/unknown/; returns where it is below data/.
  std::string set_aside(const std::string& incoming);

 private:
  /// Puts bytes behind the first `length` bytes of the file; with length 0 it is made. False when it, or its folder, is
  /// not there, or it is shorter than that.
  bool append(const std::string& incoming, const std::string& name, std::uint64_t length, ByteView bytes);
  void sync_folder(const std::filesystem::path& folder);
  void make_place(const std::filesystem::path& folder);

  FileSystem& files_;
  std::filesystem::path data_;
  std::filesystem::path incoming_;
  const bool sync_;
  const std::string prefix_;
  bool base_synced_ = false;  ///< the names of data/ and .incoming are on the disk
  std::uint64_t last_ = 0;
  std::map<std::filesystem::path, OpenFilePtr> written_;
  std::set<std::filesystem::path> to_sync_;        ///< folders with new names
  std::set<std::filesystem::path> synced_places_;  ///< folders below data/ whose own names are on the disk
};

}  // namespace common
