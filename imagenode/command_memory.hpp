#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "common/file_system.hpp"

namespace imagenode {

/// Which commands this node began, and how they ended, in a small file: a hub repeats a command until it hears of it,
/// and none may be done twice, restarts and power failures included. The file is replaced as a whole, so a torn write
/// leaves the one before. Main thread only.
class CommandMemory {
 public:
  CommandMemory(common::FileSystem& files, std::filesystem::path file) : files_(files), file_(std::move(file)) {}

  /// Outcome of a command that was begun before; kBegun when its end was never noted. Throws std::system_error when
  /// the file cannot be read.
  std::optional<std::string> outcome(std::uint64_t id);

  /// On return it is on the disk. Throws std::system_error.
  void note(std::uint64_t id, const std::string& outcome);

  static constexpr const char* kBegun = "begun";
  /// The oldest are forgotten: hubs forget theirs, too.
  static constexpr std::size_t kMaxRemembered = 1000;

 private:
  struct Entry {
    std::uint64_t id = 0;
    std::string outcome;
  };
  void load();
  void write(const std::deque<Entry>& entries);

  common::FileSystem& files_;
  const std::filesystem::path file_;
  bool loaded_ = false;
  std::deque<Entry> entries_;
};

}  // namespace imagenode
