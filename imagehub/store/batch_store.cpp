#include "imagehub/store/batch_store.hpp"

#include <algorithm>
#include <charconv>

#include "common/rows.hpp"
#include "common/sha256.hpp"
#include "common/text.hpp"

namespace imagehub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "batch-";
constexpr std::string_view kLineEnd = "\r\n";
/// Lines that a power failure may have left torn.
constexpr int kMaxTornLines = 1000;

common::ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string content(common::FileSystem& files, const fs::path& path) {
  const auto file = files.open(path, common::OpenMode::read);
  std::string text(file->size(), '\0');
  text.resize(file->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

/// The longest beginning that is a chunk of rows, of whole lines; empty when there is none.
std::string_view whole_rows(std::string_view text) {
  for (int tries = 0; tries < kMaxTornLines; ++tries) {
    const auto end = text.rfind(kLineEnd);
    if (end == text.npos) break;
    text = text.substr(0, end + kLineEnd.size());
    if (std::holds_alternative<common::RowChunk>(common::parse_rows(text))) return text;
    text.remove_suffix(kLineEnd.size());
  }
  return {};
}

}  // namespace

BatchStore::BatchStore(common::FileSystem& files, fs::path data, bool sync)
    : files_(files), data_(std::move(data)), incoming_(data_ / ".incoming"), sync_(sync) {}

std::string BatchStore::begin(const common::Batch& batch) {
  common::make_folders(files_, incoming_);
  std::string name;
  do {
    name = common::cat(kPrefix, ++last_);
  } while (!files_.make_folder(incoming_ / name));
  const fs::path manifest = incoming_ / name / common::kManifestName;
  written_[manifest] = common::begin_file(files_, manifest, bytes_of(common::to_manifest(batch)));
  to_sync_.insert({incoming_, incoming_ / name});
  return name;
}

void BatchStore::hold_name(const std::string& incoming) {
  std::uint64_t number = 0;
  if (!incoming.starts_with(kPrefix)) return;
  std::from_chars(incoming.data() + kPrefix.size(), incoming.data() + incoming.size(), number);
  last_ = std::max(last_, number);
}

bool BatchStore::append(const std::string& incoming, const std::string& name, std::uint64_t length,
                        common::ByteView bytes) {
  const fs::path path = incoming_ / incoming / name;
  if (!common::exists(files_, length > 0 ? path : path.parent_path())) return false;
  auto& file = written_[path];
  if (!file) file = files_.open(path, length > 0 ? common::OpenMode::change : common::OpenMode::create);
  if (length == 0) to_sync_.insert(path.parent_path());
  const std::uint64_t size = file->size();
  if (size < length) return false;
  if (size > length) file->resize(length);
  file->write(length, bytes);
  file->begin_sync();
  return true;
}

void BatchStore::sync_folder(const fs::path& folder) {
  if (sync_) files_.sync_folder(folder);
}

void BatchStore::sync() {
  if (sync_) {
    for (const auto& [path, file] : written_) file->sync();
  }
  for (const auto& folder : to_sync_) sync_folder(folder);
  // A folder that is there may have been made when the sync behind it failed or did not come any more.
  if (!base_synced_ && !written_.empty()) {
    sync_folder(data_);
    sync_folder(data_.parent_path());
    base_synced_ = true;
  }
  forget();
}

std::string BatchStore::digest(const std::string& incoming, const std::string& name, std::uint64_t bytes) {
  const fs::path path = incoming_ / incoming / name;
  if (!common::exists(files_, path)) return {};
  const auto file = files_.open(path, common::OpenMode::read);
  return file->size() < bytes ? std::string() : common::sha256(*file, bytes);
}

bool BatchStore::seal(const std::string& incoming, common::Batch& batch) {
  const fs::path folder = incoming_ / incoming;
  if (!common::is_folder(files_, folder)) return false;
  for (const std::string& name : files_.list(folder)) {
    const auto known = std::find_if(batch.files.begin(), batch.files.end(),
                                    [&](const common::BatchFile& file) { return file.name == name; });
    if (known == batch.files.end()) {
      if (name != common::kManifestName) files_.remove(folder / name);
      continue;
    }
    const auto file = files_.open(folder / name, common::OpenMode::change);
    if (file->size() <= known->bytes) continue;
    file->resize(known->bytes);
    if (sync_) file->sync();
  }
  for (common::BatchFile& file : batch.files) {
    if (file.sha256.empty()) file.sha256 = digest(incoming, file.name, file.bytes);
  }
  const std::string manifest = common::to_manifest(batch);
  const fs::path path = folder / common::kManifestName;
  const auto file = common::begin_file(files_, path, bytes_of(manifest));
  if (sync_) common::sync_file(files_, *file, path);
  sync_folder(folder);
  return true;
}

std::string BatchStore::free_path(const common::Batch& batch) const {
  const std::string path = common::batch_path(batch);
  std::string free = path;
  for (int suffix = 1; common::exists(files_, data_ / free); ++suffix) free = common::cat(path, '-', suffix);
  return free;
}

void BatchStore::make_place(const fs::path& folder) {
  static constexpr std::size_t kMaxRemembered = 1000;
  if (folder == data_ || (synced_places_.contains(folder) && common::is_folder(files_, folder))) return;
  make_place(folder.parent_path());
  files_.make_folder(folder);
  sync_folder(folder.parent_path());
  if (synced_places_.size() >= kMaxRemembered) synced_places_.clear();
  synced_places_.insert(folder);
}

BatchStore::Finish BatchStore::finish(const std::string& incoming, const std::string& path) {
  const fs::path from = incoming_ / incoming;
  const fs::path to = data_ / path;
  const bool waits = common::exists(files_, from);
  if (!waits && !common::exists(files_, to)) return Finish::missing;
  make_place(to.parent_path());
  if (waits && !files_.rename_if_free(from, to)) return Finish::taken;
  // Also when it is there already: a crash may have come before the folder was synced.
  sync_folder(to.parent_path());
  sync_folder(incoming_);
  return Finish::done;
}

void BatchStore::discard(const std::string& incoming) {
  const fs::path folder = incoming_ / incoming;
  if (!common::is_folder(files_, folder)) {
    files_.remove(folder);
    return;
  }
  for (const std::string& name : files_.list(folder)) files_.remove(folder / name);
  files_.remove_folder(folder);
}

std::vector<std::string> BatchStore::others(const std::set<std::string>& incoming) const {
  if (!common::exists(files_, incoming_)) return {};
  auto names = files_.list(incoming_);
  std::erase_if(names, [&](const std::string& name) { return incoming.contains(name); });
  return names;
}

std::optional<common::Batch> BatchStore::rescued(const std::string& incoming) const {
  const fs::path folder = incoming_ / incoming;
  if (!common::exists(files_, folder / common::kManifestName)) return std::nullopt;
  auto batch = common::parse_manifest(content(files_, folder / common::kManifestName));
  if (!batch) return std::nullopt;
  batch->files.clear();
  auto names = files_.list(folder);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name == common::kManifestName) continue;
    const std::string text = content(files_, folder / name);
    const std::string_view whole = whole_rows(text);
    const auto read = common::parse_rows(whole);
    const auto* chunk = std::get_if<common::RowChunk>(&read);
    // What cannot be understood is kept as it is.
    batch->files.push_back(
        {name, chunk == nullptr ? 0 : chunk->rows.size(), whole.empty() ? text.size() : whole.size(), {}});
    for (const common::Row& row : chunk == nullptr ? std::vector<common::Row>{} : chunk->rows) {
      const bool first = batch->last_ns == 0;
      batch->first_ns = first ? row.time_ns : std::min(batch->first_ns, row.time_ns);
      batch->last_ns = std::max(batch->last_ns, row.time_ns);
    }
  }
  return batch;
}

std::string BatchStore::set_aside(const std::string& incoming) {
  for (int suffix = 0;; ++suffix) {
    const std::string path = common::cat("unknown/", incoming, suffix == 0 ? "" : common::cat('-', suffix));
    if (common::exists(files_, data_ / path)) continue;
    finish(incoming, path);
    return path;
  }
}

}  // namespace imagehub
