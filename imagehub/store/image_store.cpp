#include "imagehub/store/image_store.hpp"

#include "common/files.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"
#include "imagehub/store/names.hpp"

namespace imagehub {

namespace fs = std::filesystem;

ImageStore::ImageStore(fs::path images, bool sync)
    : images_(std::move(images)), incoming_(images_ / ".incoming"), sync_(sync) {
  common::make_folder(incoming_);
}

common::UniqueFd ImageStore::begin(const std::string& incoming_name, common::ByteView bytes) const {
  return common::begin_file(incoming_ / incoming_name, bytes);
}

void ImageStore::sync(const std::string& incoming_name, const common::UniqueFd& file) const {
  if (sync_) common::sync_file(file, incoming_ / incoming_name);
}

std::string ImageStore::reserve_name(std::string_view node_view, std::int64_t time_ns, std::string_view extension) {
  const std::string day = common::local_date(time_ns);
  common::make_folder(images_ / day);
  const std::string stem = day + '/' + image_stem(node_view, time_ns);
  const auto free = [&](const std::string& path) { return !reserved_.contains(path) && !fs::exists(images_ / path); };
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

int& ImageStore::next_suffix(const std::string& taken_path) {
  static constexpr std::size_t kMaxRemembered = 1000;
  if (next_suffixes_.size() >= kMaxRemembered) next_suffixes_.clear();
  return next_suffixes_.try_emplace(taken_path, 1).first->second;
}

ImageStore::Finish ImageStore::finish(const std::string& incoming_name, const std::string& relative_path) {
  const fs::path from = incoming_ / incoming_name;
  const fs::path to = images_ / relative_path;
  reserved_.erase(relative_path);
  // Also when the file has its name already: a crash may have come before the folder was synced.
  touched_.insert(to.parent_path());
  if (!fs::exists(from)) return fs::exists(to) ? Finish::already_there : Finish::missing;
  return common::rename_if_free(from, to) ? Finish::renamed : Finish::taken;
}

void ImageStore::sync_days() {
  if (touched_.empty()) return;
  if (sync_) {
    for (const auto& folder : touched_) common::sync_folder(folder);
  }
  touched_.clear();
}

void ImageStore::discard(const std::string& incoming_name) const {
  std::error_code ignored;  // what stays is removed at the next start
  fs::remove(incoming_ / incoming_name, ignored);
}

std::size_t ImageStore::discard_all_incoming() const {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(incoming_)) count += fs::remove(entry.path()) ? 1 : 0;
  return count;
}

}  // namespace imagehub
