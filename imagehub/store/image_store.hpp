#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.hpp"
#include "common/payload.hpp"
#include "imagehub/store/file_digest.hpp"

namespace imagehub {

/// Pictures as files: written under `images/.incoming/`, renamed into the day's folder once their row is committed.
/// A day's folder never holds a file whose row is not committed. Failures throw std::system_error.
/// begin(), sync() and remove() may be called from any thread; all else belongs to the thread that commits.
class ImageStore {
 public:
  /// `images` is created when missing. `sync` false leaves the writing to the operating system (durability: written).
  ImageStore(common::FileSystem& files, std::filesystem::path images, bool sync);

  /// Writes a picture under .incoming, in two steps, so that a writer brings several pictures to the disk together:
  /// sync() returns when it is there.
  common::OpenFilePtr begin(const std::string& incoming_name, common::ByteView bytes) const;
  void sync(const std::string& incoming_name, common::OpenFile& file) const;

  /// A free name in the folder of the local day: "2026-11-20/Barn-door-2026-11-20T08.18.31.809000.jpg", with -1, -2 ...
  /// when it is taken. The name stays reserved until it is finished or released.
  std::string reserve_name(std::string_view node_view, std::int64_t time_ns, std::string_view extension);
  void release_name(const std::string& relative_path) { reserved_.erase(relative_path); }

  enum class Finish { renamed, already_there, taken, missing };
  /// Renames into the day's folder; sync_days() then makes it durable. `taken`: another file has this name.
  Finish finish(const std::string& incoming_name, const std::string& relative_path);
  /// Syncs every folder that finish() touched.
  void sync_days();

  /// Keeps a name from being given to another file until release_name().
  void hold_name(const std::string& relative_path) { reserved_.insert(relative_path); }

  struct Removal {
    std::vector<std::string> failed;  ///< these files are still there
    std::string why;                  ///< of the last failure
  };
  /// Removes files for good: on return their folders are synced. From any thread.
  Removal remove(const std::vector<std::string>& relative_paths) const;
  /// Removes the folder of a day when it is empty and nothing is about to be put there. Never throws: what cannot be
  /// removed stays.
  void remove_empty_day(const std::string& day);

  void discard(const std::string& incoming_name) const;
  /// Removes the file of a row that is taken back, wherever it got to.
  void take_back(const std::string& incoming_name, const std::string& relative_path);
  /// Removes everything that is left under .incoming; start-up only. Returns how many files.
  std::size_t discard_all_incoming() const;

  /// Reads a picture; nothing when it is not there.
  std::optional<FileDigest> digest(const std::string& relative_path, common::Bytes& buffer) const {
    return read_digest(files_, images_ / relative_path, buffer);
  }

  bool has(const std::string& relative_path) const { return common::exists(files_, images_ / relative_path); }
  std::filesystem::path path_of(const std::string& relative_path) const { return images_ / relative_path; }
  const std::filesystem::path& folder() const { return images_; }

 private:
  common::FileSystem& files_;
  std::filesystem::path images_;
  std::filesystem::path incoming_;
  bool sync_;
  int& next_suffix(const std::string& taken_path);
  void make_day(const std::string& day);

  std::set<std::string> reserved_;
  std::map<std::string, int> next_suffixes_;  ///< by taken path: not to look through all that is taken again
  std::set<std::filesystem::path> touched_;
  std::set<std::string> synced_days_;  ///< whose names in images/ are on the disk
};

}  // namespace imagehub
