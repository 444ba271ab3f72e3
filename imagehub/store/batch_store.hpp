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

namespace imagehub {

/// Batches of rows as folders: they grow below `data/.incoming/`, and are renamed into the folder of their day when
/// they are closed. How long a file is, the index says: what lies behind its committed length was never acknowledged,
/// and is cut off before anything is written there. Bound to the thread that commits. Failures throw std::system_error.
class BatchStore {
 public:
  /// `data` is created when the first batch begins. `sync` false leaves the writing to the operating system.
  BatchStore(common::FileSystem& files, std::filesystem::path data, bool sync);

  /// Makes a folder below .incoming and returns its name. Its manifest says already whose rows will come, so that they
  /// can be told when the index is lost.
  std::string begin(const common::Batch& batch);
  /// Never gives this name to a new folder, also when there is no such folder any more.
  void hold_name(const std::string& incoming);

  /// Puts bytes behind the first `length` bytes of the file; with length 0 it is made. False when it, or its folder, is
  /// not there, or it is shorter than that: somebody took acknowledged rows away.
  bool append(const std::string& incoming, const std::string& name, std::uint64_t length, common::ByteView bytes);
  /// On return all that was appended since the last call is on the disk, names included.
  void sync();
  /// Forgets what was appended and not synced.
  void forget() { written_.clear(), to_sync_.clear(); }
  /// SHA-256 of the first `bytes` of a file; empty when it is not there or shorter.
  std::string digest(const std::string& incoming, const std::string& name, std::uint64_t bytes);

  /// Makes the folder what the batch says, on the disk: cuts its files, removes all others, writes the manifest.
  /// Digests that are missing are filled in. False when there is no such folder.
  bool seal(const std::string& incoming, common::Batch& batch);

  /// A free place for the batch, below data/.
  std::string free_path(const common::Batch& batch) const;
  enum class Finish { done, taken, missing };
  /// Renames the folder to its place and makes that durable; done too when it is there already. `taken`: something else
  /// has this name.
  Finish finish(const std::string& incoming, const std::string& path);

  /// Removes a folder below .incoming.
  void discard(const std::string& incoming);
  /// What lies below .incoming, these folders left out.
  std::vector<std::string> others(const std::set<std::string>& incoming) const;
  /// A batch whose row was lost with a damaged index, with as many whole rows as its files have. Nothing when its
  /// manifest does not tell whose they are.
  std::optional<common::Batch> rescued(const std::string& incoming) const;
  /// Moves a folder that nobody can tell anything of to data/unknown/; returns where it is below data/.
  std::string set_aside(const std::string& incoming);

 private:
  void sync_folder(const std::filesystem::path& folder);
  void make_place(const std::filesystem::path& folder);

  common::FileSystem& files_;
  std::filesystem::path data_;
  std::filesystem::path incoming_;
  bool sync_;
  bool base_synced_ = false;  ///< the names of data/ and .incoming are on the disk
  std::uint64_t last_ = 0;
  std::map<std::filesystem::path, common::OpenFilePtr> written_;
  std::set<std::filesystem::path> to_sync_;        ///< folders with new names
  std::set<std::filesystem::path> synced_places_;  ///< folders below data/ whose own names are on the disk
};

}  // namespace imagehub
