#include "imagehub/store/reserve.hpp"

#include <algorithm>
#include <cerrno>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kPiece = 4 * kMegabyte;
/// Less than this is no room for a transaction.
constexpr std::uint64_t kNothingFree = 64 * 1024;
constexpr std::uint64_t kMaxShareOfDisk = 8;
/// So much of another disk has to be free again, at most, before it counts as having space.
constexpr std::uint64_t kShareOfOtherDisk = 32;

}  // namespace

bool is_disk_full(const std::exception& error) {
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  return system != nullptr && (system->code() == std::errc::no_space_on_device ||
                               system->code() == std::error_code(EDQUOT, std::generic_category()));
}

Reserve::Reserve(common::FileSystem& files, std::filesystem::path file, std::uint64_t bytes,
                 std::vector<std::filesystem::path> stores)
    : files_(files), file_(std::move(file)), stores_(std::move(stores)) {
  try {
    bytes_ = std::min(bytes, files_.space(file_.parent_path()).total_bytes / kMaxShareOfDisk);
    margin_ = bytes_ / 4;
    if (bytes_ == 0) {
      files_.remove(file_);
      return;
    }
    const auto info = files_.info(file_);
    left_ = info ? std::min(info->bytes, bytes_) : 0;
    if (info && info->bytes > bytes_) files_.open(file_, common::OpenMode::change)->resize(bytes_);
    take(bytes_);
  } catch (const std::system_error& error) {
    full_ = wants_space(error);
    if (!full_) bytes_ = left_;
    common::log::warn(common::cat("cannot keep the whole reserve (reserve_mb): ", error.what(),
                                  full_ ? "; no images are stored until there is room" : "; going on without"));
  }
}

/// The whole file anew: a copy of the data directory may have left it with holes.
void Reserve::take(std::uint64_t bytes) {
  const auto file = files_.open(file_, common::OpenMode::create);
  try {
    file->allocate(bytes);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::operation_not_supported) {
      file->resize(left_);  // some file systems keep what they could get
      throw;
    }
    // A file system that cannot promise room; written bytes take it.
    const common::Bytes zeros(kMegabyte);
    for (std::uint64_t at = left_; at < bytes; at += kMegabyte) {
      file->write(at, common::ByteView(zeros).first(std::min<std::uint64_t>(kMegabyte, bytes - at)));
    }
  }
  left_ = bytes;
}

Reserve::Status Reserve::status() const {
  return {bytes_, left_, full_};
}

bool Reserve::room_for_images() {
  if (!full_) return true;
  const std::lock_guard lock(mutex_);
  if (full_) refill();
  return !full_;
}

void Reserve::refill() {
  try {
    if (files_.space(file_.parent_path()).free_bytes < bytes_ - left_ + std::max(margin_, 2 * wanted_)) return;
    if (left_ < bytes_) take(bytes_);
    if (!stores_have_room()) return;
    wanted_ = 0;
    full_ = false;
  } catch (const std::system_error&) {
    // Still no room; looked at again the next time.
  }
}

bool Reserve::stores_have_room() const {
  return std::all_of(stores_.begin(), stores_.end(), [this](const std::filesystem::path& store) {
    if (!common::exists(files_, store)) return true;
    const common::Space space = files_.space(store);
    return space.free_bytes >= std::max(std::min(margin_, space.total_bytes / kShareOfOtherDisk), 2 * wanted_);
  });
}

/// Whether the room that is missing is on a disk to which the reserve can give none.
bool Reserve::another_disk_is_full() const {
  const common::Space own = files_.space(file_.parent_path());
  return own.free_bytes >= kPiece &&
         std::any_of(stores_.begin(), stores_.end(), [&](const std::filesystem::path& store) {
           if (!common::exists(files_, store)) return false;
           const common::Space space = files_.space(store);
           return space.disk != own.disk && space.free_bytes < kPiece;
         });
}

void Reserve::found_full(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  wanted_ = std::max(wanted_, bytes);
  full_ = true;
}

bool Reserve::give_back() {
  const std::lock_guard lock(mutex_);
  full_ = true;
  if (left_ == 0) return false;
  const std::uint64_t piece = std::max(std::min(kPiece, bytes_ / 4), kNothingFree);
  const std::uint64_t left = left_ > piece ? left_ - piece : 0;
  try {
    if (another_disk_is_full()) return false;
    files_.open(file_, common::OpenMode::change)->resize(left);
  } catch (const std::system_error& error) {
    common::log::error(common::cat("cannot give back a part of the reserve: ", error.what()));
    return false;
  }
  left_ = left;
  return true;
}

bool Reserve::wants_space(const std::exception& error) const {
  if (is_disk_full(error)) return true;
  try {
    return bytes_ > 0 && files_.space(file_.parent_path()).free_bytes < kNothingFree;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace imagehub
