#include "common/batch_store.hpp"

#include <algorithm>
#include <charconv>

#include "common/sha256.hpp"
#include "common/text.hpp"

namespace common {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr const char* kFreshManifest = "manifest.json.new";
constexpr const char* kUnreadable = ".unreadable";
/// Lines that a power failure may have left torn.
constexpr int kMaxTornLines = 1000;

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The longest beginning that is a chunk of rows, of whole lines; empty when there is none.
std::string_view whole_rows(std::string_view text) {
  for (int tries = 0; tries < kMaxTornLines; ++tries) {
    const auto end = text.rfind(kLineEnd);
    if (end == text.npos) break;
    text = text.substr(0, end + kLineEnd.size());
    if (std::holds_alternative<RowChunk>(parse_rows(text))) return text;
    text.remove_suffix(kLineEnd.size());
  }
  return {};
}

}  // namespace

BatchStore::BatchStore(FileSystem& files, fs::path data, bool sync, std::string prefix)
    : files_(files), data_(std::move(data)), incoming_(data_ / ".incoming"), sync_(sync), prefix_(std::move(prefix)) {}

std::string BatchStore::begin(const Batch& batch) {
  make_folders(files_, incoming_);
  std::string name;
  do {
    name = cat(prefix_, ++last_);
  } while (!files_.make_folder(incoming_ / name));
  const fs::path manifest = incoming_ / name / kManifestName;
  written_[manifest] = begin_file(files_, manifest, bytes_of(to_manifest(batch)));
  to_sync_.insert({incoming_, incoming_ / name});
  return name;
}

void BatchStore::hold_name(const std::string& incoming) {
  std::uint64_t number = 0;
  if (!incoming.starts_with(prefix_)) return;
  std::from_chars(incoming.data() + prefix_.size(), incoming.data() + incoming.size(), number);
  last_ = std::max(last_, number);
}

std::size_t BatchStore::append(const std::string& incoming, Batch& batch, const BatchLimits& limits,
                               const std::vector<Row>& rows, std::size_t from) {
  std::string bytes;
  const bool is_new = batch.files.empty() || limits.is_full(batch.files.back());
  if (is_new) {
    const int number = static_cast<int>(batch.files.size()) + 1;
    batch.files.push_back({batch_file_name(limits.name_pattern, batch, number, limits.files_per_batch), 0, 0, {}});
    bytes = cat(batch.header, kLineEnd);
  }
  BatchFile grown = batch.files.back();
  const std::uint64_t length = grown.bytes;
  std::size_t at = from;
  do {
    bytes.append(rows[at].text).append(kLineEnd);
    ++grown.rows;
    grown.bytes = length + bytes.size();
  } while (++at < rows.size() && !limits.is_full(grown));
  if (!append(incoming, grown.name, length, bytes_of(bytes))) {
    if (is_new) batch.files.pop_back();
    return 0;
  }
  if (limits.is_full(grown)) grown.sha256 = digest(incoming, grown.name, grown.bytes);
  const auto [first, last] = std::minmax_element(rows.begin() + static_cast<std::ptrdiff_t>(from),
                                                 rows.begin() + static_cast<std::ptrdiff_t>(at),
                                                 [](const Row& a, const Row& b) { return a.time_ns < b.time_ns; });
  const bool is_first = batch.rows() == 0;
  batch.first_ns = is_first ? first->time_ns : std::min(batch.first_ns, first->time_ns);
  batch.last_ns = is_first ? last->time_ns : std::max(batch.last_ns, last->time_ns);
  batch.files.back() = std::move(grown);
  return at - from;
}

bool BatchStore::append(const std::string& incoming, const std::string& name, std::uint64_t length, ByteView bytes) {
  const fs::path path = incoming_ / incoming / name;
  if (!exists(files_, length > 0 ? path : path.parent_path())) return false;
  auto& file = written_[path];
  if (!file) file = files_.open(path, length > 0 ? OpenMode::change : OpenMode::create);
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
  if (!exists(files_, path)) return {};
  const auto file = files_.open(path, OpenMode::read);
  return file->size() < bytes ? std::string() : sha256(*file, bytes);
}

bool BatchStore::seal(const std::string& incoming, Batch& batch) {
  const fs::path folder = incoming_ / incoming;
  if (!is_folder(files_, folder)) return false;
  for (const std::string& name : files_.list(folder)) {
    const auto known =
        std::find_if(batch.files.begin(), batch.files.end(), [&](const BatchFile& file) { return file.name == name; });
    if (known == batch.files.end()) {
      if (name != kManifestName) files_.remove(folder / name);
      continue;
    }
    const auto file = files_.open(folder / name, OpenMode::change);
    if (file->size() <= known->bytes) continue;
    file->resize(known->bytes);
    if (sync_) file->sync();
  }
  for (BatchFile& file : batch.files) {
    if (file.sha256.empty()) file.sha256 = digest(incoming, file.name, file.bytes);
  }
  const std::string manifest = to_manifest(batch);
  // At no time without one: it is all that tells whose rows these are when nobody remembers.
  const fs::path fresh = folder / kFreshManifest;
  const auto file = begin_file(files_, fresh, bytes_of(manifest));
  if (sync_) sync_file(files_, *file, fresh);
  files_.rename(fresh, folder / kManifestName);
  sync_folder(folder);
  return true;
}

std::string BatchStore::free_path(const Batch& batch) const {
  const std::string path = batch_path(batch);
  std::string free = path;
  for (int suffix = 1; exists(files_, data_ / free); ++suffix) free = cat(path, '-', suffix);
  return free;
}

void BatchStore::make_place(const fs::path& folder) {
  static constexpr std::size_t kMaxRemembered = 1000;
  if (folder == data_ || (synced_places_.contains(folder) && is_folder(files_, folder))) return;
  make_place(folder.parent_path());
  files_.make_folder(folder);
  sync_folder(folder.parent_path());
  if (synced_places_.size() >= kMaxRemembered) synced_places_.clear();
  synced_places_.insert(folder);
}

BatchStore::Finish BatchStore::finish(const std::string& incoming, const std::string& path) {
  const fs::path from = incoming_ / incoming;
  const fs::path to = data_ / path;
  const bool waits = exists(files_, from);
  if (!waits && !exists(files_, to)) return Finish::missing;
  make_place(to.parent_path());
  if (waits && !files_.rename_if_free(from, to)) return Finish::taken;
  // Also when it is there already: a crash may have come before the folder was synced.
  sync_folder(to.parent_path());
  sync_folder(incoming_);
  return Finish::done;
}

void BatchStore::discard(const std::string& incoming) {
  const fs::path folder = incoming_ / incoming;
  if (!is_folder(files_, folder)) {
    files_.remove(folder);
    return;
  }
  for (const std::string& name : files_.list(folder)) files_.remove(folder / name);
  files_.remove_folder(folder);
}

std::vector<std::string> BatchStore::others(const std::set<std::string>& incoming) const {
  if (!exists(files_, incoming_)) return {};
  auto names = files_.list(incoming_);
  std::erase_if(names, [&](const std::string& name) { return incoming.contains(name); });
  return names;
}

std::optional<Batch> BatchStore::rescued(const std::string& incoming) {
  const fs::path folder = incoming_ / incoming;
  if (!exists(files_, folder / kManifestName)) return std::nullopt;
  auto batch = parse_manifest(read_text(files_, folder / kManifestName));
  if (!batch) return std::nullopt;
  batch->files.clear();
  auto names = files_.list(folder);
  std::sort(names.begin(), names.end());
  for (std::string name : names) {
    if (name == kManifestName || name == kFreshManifest) continue;
    const std::string text = read_text(files_, folder / name);
    const std::string_view whole = whole_rows(text);
    const auto read = parse_rows(whole);
    const auto* chunk = std::get_if<RowChunk>(&read);
    if (chunk == nullptr && !name.ends_with(kUnreadable)) {
      files_.rename(folder / name, folder / (name + kUnreadable));
      name += kUnreadable;
    }
    batch->files.push_back(
        {name, chunk == nullptr ? 0 : chunk->rows.size(), whole.empty() ? text.size() : whole.size(), {}});
    for (const Row& row : chunk == nullptr ? std::vector<Row>{} : chunk->rows) {
      const bool first = batch->last_ns == 0;
      batch->first_ns = first ? row.time_ns : std::min(batch->first_ns, row.time_ns);
      batch->last_ns = std::max(batch->last_ns, row.time_ns);
    }
  }
  return batch;
}

void BatchStore::remove(const std::string& path) {
  if (!is_folder(files_, data_)) {
    throw std::system_error(std::make_error_code(std::errc::no_such_file_or_directory), data_.string());
  }
  const fs::path relative = fs::path(path).lexically_normal();
  if (relative.empty() || relative.is_absolute() || *relative.begin() == "..") return;  // a rotten row
  fs::path folder = data_ / relative;
  if (is_folder(files_, folder)) {
    for (const std::string& name : files_.list(folder)) files_.remove(folder / name);
    files_.remove_folder(folder);
  }
  for (folder = folder.parent_path(); is_folder(files_, folder); folder = folder.parent_path()) {
    sync_folder(folder);
    if (folder == data_ || !files_.list(folder).empty()) break;
    files_.remove_folder(folder);
  }
}

std::string BatchStore::set_aside(const std::string& incoming) {
  for (int suffix = 0;; ++suffix) {
    std::string path = cat("unknown/", incoming, suffix == 0 ? "" : cat('-', suffix));
    if (exists(files_, data_ / path)) continue;
    finish(incoming, path);
    return path;
  }
}

}  // namespace common
