#include "imagehub/store/image_store.hpp"

#include <system_error>

#include "common/local_time.hpp"
#include "common/names.hpp"
#include "common/text.hpp"

namespace imagehub {

namespace fs = std::filesystem;

ImageStore::ImageStore(common::FileSystem& files, fs::path images, bool sync)
    : files_(files), images_(std::move(images)), incoming_(images_ / ".incoming"), sync_(sync) {
  common::make_folders(files_, incoming_);
}

common::OpenFilePtr ImageStore::begin(const std::string& incoming_name, common::ByteView bytes) const {
  return common::begin_file(files_, incoming_ / incoming_name, bytes);
}

void ImageStore::sync(const std::string& incoming_name, common::OpenFile& file) const {
  if (sync_) common::sync_file(files_, file, incoming_ / incoming_name);
}

std::string ImageStore::reserve_name(std::string_view node_view, std::int64_t time_ns, std::string_view extension) {
  const std::string day = common::local_date(time_ns);
  make_day(day);
  const std::string stem = day + '/' + common::image_stem(node_view, time_ns);
  const auto free = [&](const std::string& path) {
    return !reserved_.contains(path) && !common::exists(files_, images_ / path);
  };
  std::string path = common::cat(stem, extension);
  if (!free(path)) {
    int& suffix = next_suffix(path);
    do {
      path = common::cat(stem, '-', suffix++, extension);
    } while (!free(path));
  }
  reserved_.insert(path);
  return path;
}

/// A folder that is there may have been made when the sync behind it failed or did not come any more.
void ImageStore::make_day(const std::string& day) {
  static constexpr std::size_t kMaxRemembered = 1000;
  if (synced_days_.contains(day) && common::is_folder(files_, images_ / day)) return;
  common::make_folders(files_, images_ / day);
  if (sync_) files_.sync_folder(images_);
  if (synced_days_.size() >= kMaxRemembered) synced_days_.clear();
  synced_days_.insert(day);
}

int& ImageStore::next_suffix(const std::string& taken_path) {
  static constexpr std::size_t kMaxRemembered = 1000;
  if (next_suffixes_.size() >= kMaxRemembered) next_suffixes_.clear();
  return next_suffixes_.try_emplace(taken_path, 1).first->second;
}

ImageStore::Finish ImageStore::finish(const std::string& incoming_name, const std::string& relative_path) {
  const fs::path from = incoming_ / incoming_name;
  const fs::path to = images_ / relative_path;
  reserved_.erase(relative_path);
  // A picture that did not come through .incoming: an adopted one.
  if (incoming_name.empty()) return common::exists(files_, to) ? Finish::already_there : Finish::missing;
  const bool waits = common::exists(files_, from);
  if (!waits && !common::exists(files_, to)) return Finish::missing;
  // Also when the file has its name already: a crash may have come before the folder was synced.
  touched_.insert(to.parent_path());
  if (!waits) return Finish::already_there;
  return files_.rename_if_free(from, to) ? Finish::renamed : Finish::taken;
}

void ImageStore::sync_days() {
  if (touched_.empty()) return;
  if (sync_) {
    for (const auto& folder : touched_) files_.sync_folder(folder);
  }
  touched_.clear();
}

ImageStore::Removal ImageStore::remove(const std::vector<std::string>& relative_paths) const {
  Removal removal;
  std::map<fs::path, std::vector<std::string>> by_folder;
  for (const std::string& path : relative_paths) by_folder[(images_ / path).parent_path()].push_back(path);
  const auto fail = [&](const std::string& path, const std::system_error& error) {
    removal.failed.push_back(path);
    removal.why = error.what();
  };
  for (const auto& [folder, paths] : by_folder) {
    std::vector<std::string> removed;
    for (const std::string& path : paths) {
      try {
        files_.remove(images_ / path);
        removed.push_back(path);
      } catch (const std::system_error& error) {
        fail(path, error);
      }
    }
    try {
      if (sync_ && common::exists(files_, folder)) files_.sync_folder(folder);
    } catch (const std::system_error& error) {
      for (const std::string& path : removed) fail(path, error);
    }
  }
  return removal;
}

void ImageStore::remove_empty_day(const std::string& day) {
  const auto in_day = reserved_.lower_bound(day + '/');
  if (day.empty() || (in_day != reserved_.end() && in_day->starts_with(day + '/'))) return;
  synced_days_.erase(day);
  try {
    files_.remove_folder(images_ / day);
  } catch (const std::system_error&) {
    // A link to another disk, or a mount point: an empty folder does no harm.
  }
}

void ImageStore::discard(const std::string& incoming_name) const {
  try {
    files_.remove(incoming_ / incoming_name);
  } catch (const std::system_error&) {
    // What stays is removed at the next start.
  }
}

void ImageStore::take_back(const std::string& incoming_name, const std::string& relative_path) {
  // While it is under .incoming, a file of its final name is another one.
  if (files_.remove(incoming_ / incoming_name)) return;
  if (files_.remove(images_ / relative_path)) touched_.insert((images_ / relative_path).parent_path());
}

std::size_t ImageStore::discard_all_incoming() const {
  std::size_t count = 0;
  for (const auto& name : files_.list(incoming_)) count += files_.remove(incoming_ / name) ? 1 : 0;
  return count;
}

}  // namespace imagehub
