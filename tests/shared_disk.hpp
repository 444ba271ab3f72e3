#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "common/disk.hpp"
#include "forwarding_file.hpp"

/// A disk on which other programs write at the worst moments, and which can run out of room in the middle of an append
/// or fail at a sync. What is set happens once.
class SharedDisk : public common::Disk {
 public:
  std::function<void()> before_append;         ///< what another program does then
  std::function<void()> after_append;          ///< and then
  std::optional<std::size_t> room_for_append;  ///< bytes of the next append that still fit
  std::atomic<bool> sync_fails{false};

  common::OpenFilePtr open(const Path& path, common::OpenMode mode) override {
    return std::make_unique<File>(*this, Disk::open(path, mode));
  }

 private:
  class File final : public ForwardingFile {
   public:
    File(SharedDisk& disk, common::OpenFilePtr file) : ForwardingFile(std::move(file)), disk_(disk) {}

    Appended append(common::ByteView bytes) override {
      if (const auto action = std::exchange(disk_.before_append, {})) action();
      const auto room = std::exchange(disk_.room_for_append, {});
      const Appended written = ForwardingFile::append(bytes.first(std::min(room.value_or(bytes.size()), bytes.size())));
      if (const auto action = std::exchange(disk_.after_append, {})) action();
      return written;
    }
    void sync() override {
      if (disk_.sync_fails.exchange(false)) {
        throw std::system_error(std::make_error_code(std::errc::io_error), "cannot sync");
      }
      ForwardingFile::sync();
    }

   private:
    SharedDisk& disk_;
  };
};
