#include "memory_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/text.hpp"

namespace {

using common::cat;

constexpr std::uint64_t kSector = 512;

[[noreturn]] void fail(int error, const char* action, const std::filesystem::path& path) {
  throw std::system_error(error, std::generic_category(), cat(action, ' ', path.string()));
}

std::string folder_of(const std::filesystem::path& path) {
  return path.parent_path().string();
}

/// A folder may be named with a slash at its end.
std::string name_of(const std::filesystem::path& path) {
  return path.has_filename() ? path.string() : path.has_relative_path() ? folder_of(path) : path.string();
}

}  // namespace

/// An open file: knows its inode, whatever becomes of the name.
class MemoryDisk::File final : public common::OpenFile {
 public:
  File(MemoryDisk& disk, InodePtr inode, Path path)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), life_(disk.life_) {}

  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
    const std::lock_guard lock(disk_.mutex_);
    check();
    if (offset >= inode_->bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(into.size(), inode_->bytes.size() - offset);
    std::memcpy(into.data(), inode_->bytes.data() + offset, count);
    return count;
  }

  void write(std::uint64_t offset, common::ByteView bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    check();
    const Verdict verdict = disk_.begin_change(path_, Need::room);
    put(offset, verdict.only_half ? bytes.first(bytes.size() / 2) : bytes);
    if (verdict.only_half) fail(ENOSPC, "cannot write", path_);
    disk_.end_change(verdict);
  }

  Appended append(common::ByteView bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    check();
    const Verdict verdict = disk_.begin_change(path_, Need::room);
    const Appended written{inode_->bytes.size(), verdict.only_half ? bytes.size() / 2 : bytes.size()};
    put(written.offset, bytes.first(written.count));
    disk_.end_change(verdict);
    return written;
  }

  std::uint64_t size() override {
    const std::lock_guard lock(disk_.mutex_);
    check();
    return inode_->bytes.size();
  }

  Identity identity() override { return {0, reinterpret_cast<std::uintptr_t>(inode_.get())}; }

  void resize(std::uint64_t size) override { set_size(size, size < inode_->bytes.size() ? Need::change : Need::room); }
  void allocate(std::uint64_t size) override {
    set_size(std::max<std::uint64_t>(size, inode_->bytes.size()), Need::room);
  }

  void begin_sync() override {}

  void sync() override {
    const std::lock_guard lock(disk_.mutex_);
    check();
    Verdict verdict;
    try {
      verdict = disk_.begin_change(path_, Need::change);
    } catch (const std::system_error&) {
      inode_->unsynced.clear();  // Linux marks the pages as clean
      throw;
    }
    inode_->durable.resize(inode_->bytes.size());
    for (const Range& range : inode_->unsynced) copy_to_durable(*inode_, range);
    inode_->unsynced.clear();
    disk_.end_change(verdict);
  }

  static void copy_to_durable(Inode& inode, const Range& range) {
    const std::uint64_t to = std::min<std::uint64_t>(range.to, inode.bytes.size());
    if (range.from >= to) return;
    if (inode.durable.size() < to) inode.durable.resize(to);
    std::copy(inode.bytes.begin() + static_cast<std::ptrdiff_t>(range.from),
              inode.bytes.begin() + static_cast<std::ptrdiff_t>(to),
              inode.durable.begin() + static_cast<std::ptrdiff_t>(range.from));
  }

 private:
  void check() const {
    if (life_ != disk_.life_) fail(EBADF, "opened before the restart:", path_);
    disk_.check_power(path_);
  }

  void put(std::uint64_t offset, common::ByteView bytes) {
    const std::uint64_t end = offset + bytes.size();
    if (inode_->bytes.size() < end) inode_->bytes.resize(end);
    std::copy(bytes.begin(), bytes.end(), inode_->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    inode_->unsynced.push_back({offset, end});
    inode_->modified_ns = disk_.clock_.utc_ns();
  }

  void set_size(std::uint64_t size, Need need) {
    const std::lock_guard lock(disk_.mutex_);
    check();
    const Verdict verdict = disk_.begin_change(path_, need);
    const std::uint64_t old = inode_->bytes.size();
    inode_->bytes.resize(size);
    if (size > old) inode_->unsynced.push_back({old, size});
    inode_->modified_ns = disk_.clock_.utc_ns();
    disk_.end_change(verdict);
  }

  MemoryDisk& disk_;
  InodePtr inode_;
  Path path_;
  std::uint64_t life_;
};

MemoryDisk::MemoryDisk(const common::Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed), vfs_(*this) {
  auto root = std::make_shared<Inode>();
  root->is_folder = true;
  names_["/"] = root;
  durable_names_ = names_;
}

MemoryDisk::~MemoryDisk() = default;

void MemoryDisk::become_like(const MemoryDisk& other) {
  const std::scoped_lock lock(mutex_, other.mutex_);
  names_.clear();
  for (const auto& [name, inode] : other.names_) {
    names_[name] = std::make_shared<Inode>(Inode{inode->is_folder, inode->bytes, inode->bytes, {}, inode->modified_ns});
  }
  durable_names_ = names_;
  name_changes_.clear();
}

void MemoryDisk::fail_at(std::uint64_t n, Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_at_ = n == 0 ? 0 : operations_ + n;
  fault_ = fault;
  fault_came_ = false;
}

bool MemoryDisk::fault_came() const {
  const std::lock_guard lock(mutex_);
  return fault_came_;
}

void MemoryDisk::heal() {
  const std::lock_guard lock(mutex_);
  full_ = read_only_ = false;
}

bool MemoryDisk::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void MemoryDisk::crash() {
  const std::lock_guard lock(mutex_);
  lose(Fault::crash);
}

void MemoryDisk::restart() {
  const std::lock_guard lock(mutex_);
  if (!crashed_) lose(Fault::crash);
  crashed_ = full_ = read_only_ = false;
  ++life_;
  vfs_.forget();
}

void MemoryDisk::check_power(const Path& path) const {
  if (crashed_) fail(EIO, "no power:", path);
}

MemoryDisk::Verdict MemoryDisk::begin_change(const Path& path, Need need) {
  check_power(path);
  ++operations_;
  Verdict verdict;
  if (operations_ == fault_at_) {
    fault_came_ = true;
    switch (fault_) {
      case Fault::no_space:
        fail(ENOSPC, "cannot change", path);
      case Fault::io_error:
        fail(EIO, "cannot change", path);
      case Fault::disk_full:
        full_ = true;
        break;
      case Fault::read_only:
        read_only_ = true;
        break;
      case Fault::short_write:
        verdict.only_half = true;
        break;
      case Fault::crash:
      case Fault::torn_crash:
        cut_power(fault_);
      case Fault::crash_after_sync:
        verdict.crash_afterwards = true;
        break;
    }
  }
  if (read_only_) fail(EROFS, "cannot change", path);
  if (full_ && need == Need::room) fail(ENOSPC, "cannot change", path);
  return verdict;
}

void MemoryDisk::end_change(const Verdict& verdict) {
  if (verdict.crash_afterwards) cut_power(Fault::crash);
}

void MemoryDisk::cut_power(Fault how) {
  lose(how);
  fail(EIO, "no power", "");
}

/// From now on the disk is what was durable, with a torn crash also some of what was not.
void MemoryDisk::lose(Fault how) {
  const bool torn = how == Fault::torn_crash;
  std::size_t kept = torn ? random_() % (name_changes_.size() + 1) : 0;
  for (std::size_t i = 0; i < kept; ++i) name_changes_[i].apply(durable_names_);
  name_changes_.clear();
  names_ = durable_names_;
  for (auto& [name, inode] : names_) {
    for (Range range : inode->unsynced) {
      if (!torn || random_() % 2 == 0) continue;
      const std::uint64_t sectors = (range.to - range.from + kSector - 1) / kSector;
      range.to = std::min(range.to, (range.from / kSector + random_() % (sectors + 1)) * kSector);
      File::copy_to_durable(*inode, range);
    }
    inode->unsynced.clear();
    inode->bytes = inode->durable;
  }
  crashed_ = true;
}

MemoryDisk::InodePtr MemoryDisk::find(const Path& path) const {
  const auto at = names_.find(name_of(path));
  return at == names_.end() ? nullptr : at->second;
}

MemoryDisk::InodePtr MemoryDisk::must_find(const Path& path, const char* action) const {
  auto inode = find(path);
  if (!inode) fail(ENOENT, action, path);
  return inode;
}

void MemoryDisk::change_names(const Path& path, const Path& other, std::function<void(Names&)> apply) {
  apply(names_);
  name_changes_.push_back({folder_of(path), folder_of(other), std::move(apply)});
}

common::OpenFilePtr MemoryDisk::open(const Path& path, common::OpenMode mode) {
  const std::lock_guard lock(mutex_);
  check_power(path);
  InodePtr inode = find(path);
  if (inode && inode->is_folder) fail(EISDIR, "cannot open", path);
  const bool creates = mode == common::OpenMode::create || mode == common::OpenMode::replace;
  if (!inode && !creates) fail(ENOENT, "cannot open", path);
  if (!inode) {
    must_find(path.parent_path(), "cannot open");
    const Verdict verdict = begin_change(path, Need::room);
    inode = std::make_shared<Inode>();
    inode->modified_ns = clock_.utc_ns();
    change_names(path, path, [inode, name = path.string()](Names& names) { names[name] = inode; });
    end_change(verdict);
  } else if (mode == common::OpenMode::replace && !inode->bytes.empty()) {
    const Verdict verdict = begin_change(path, Need::change);
    inode->bytes.clear();
    inode->unsynced.clear();
    end_change(verdict);
  }
  return std::make_unique<File>(*this, inode, path);
}

std::optional<common::FileInfo> MemoryDisk::info(const Path& path) {
  const std::lock_guard lock(mutex_);
  check_power(path);
  const InodePtr inode = find(path);
  if (!inode) return std::nullopt;
  return common::FileInfo{inode->is_folder, inode->bytes.size(), inode->modified_ns};
}

std::vector<std::string> MemoryDisk::list(const Path& folder) {
  const std::lock_guard lock(mutex_);
  check_power(folder);
  must_find(folder, "cannot list");
  std::vector<std::string> found;
  for (const auto& [name, inode] : names_) {
    if (name != "/" && folder_of(name) == name_of(folder)) found.push_back(Path(name).filename().string());
  }
  return found;
}

bool MemoryDisk::remove(const Path& path) {
  const std::lock_guard lock(mutex_);
  check_power(path);
  if (!find(path)) return false;
  const Verdict verdict = begin_change(path, Need::change);
  change_names(path, path, [name = path.string()](Names& names) { names.erase(name); });
  end_change(verdict);
  return true;
}

void MemoryDisk::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(mutex_);
  check_power(from);
  must_find(from, "cannot rename");
  must_find(to.parent_path(), "cannot rename");
  const Verdict verdict = begin_change(to, Need::change);
  change_names(from, to, [from = from.string(), to = to.string()](Names& names) {
    const auto at = names.find(from);
    if (at == names.end()) return;
    names[to] = at->second;
    names.erase(from);
    const std::string inside = from + '/';
    for (auto child = names.lower_bound(inside); child != names.end() && child->first.starts_with(inside);) {
      names[to + child->first.substr(from.size())] = child->second;
      child = names.erase(child);
    }
  });
  end_change(verdict);
}

bool MemoryDisk::rename_if_free(const Path& from, const Path& to) {
  const std::lock_guard lock(mutex_);
  check_power(from);
  if (find(to)) return false;
  rename(from, to);
  return true;
}

bool MemoryDisk::make_folder(const Path& folder) {
  const std::lock_guard lock(mutex_);
  check_power(folder);
  if (const InodePtr there = find(folder)) {
    if (!there->is_folder) fail(ENOTDIR, "cannot make folder", folder);
    return false;
  }
  must_find(folder.parent_path(), "cannot make folder");
  const Verdict verdict = begin_change(folder, Need::room);
  auto inode = std::make_shared<Inode>();
  inode->is_folder = true;
  change_names(folder, folder, [inode, name = folder.string()](Names& names) { names[name] = inode; });
  end_change(verdict);
  return true;
}

bool MemoryDisk::remove_folder(const Path& folder) {
  const std::lock_guard lock(mutex_);
  check_power(folder);
  return find(folder) && list(folder).empty() && remove(folder);
}

/// All changes up to the last one that touched this folder: a journal is written in order.
void MemoryDisk::sync_folder(const Path& folder) {
  const std::lock_guard lock(mutex_);
  check_power(folder);
  must_find(folder, "cannot sync folder");
  const Verdict verdict = begin_change(folder, Need::change);
  const auto last = std::find_if(name_changes_.rbegin(), name_changes_.rend(), [&](const NameChange& change) {
    return change.folder == folder.string() || change.other_folder == folder.string();
  });
  for (auto at = name_changes_.begin(); at != last.base(); ++at) at->apply(durable_names_);
  name_changes_.erase(name_changes_.begin(), last.base());
  end_change(verdict);
}

common::Space MemoryDisk::space(const Path& path) {
  const std::lock_guard lock(mutex_);
  check_power(path);
  constexpr std::uint64_t kTotal = std::uint64_t{1} << 40;
  return {kTotal, full_ ? 0 : kTotal / 2};
}
