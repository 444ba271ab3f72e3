#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "common/file_system.hpp"
#include "common/message.hpp"

namespace imagenode {

/// A file with one line per message that a hub acknowledged, for audits: boot, seq, time_ns, class, crc, bytes, hub and
/// text, separated by tabs (docs/reference/ledger.md). Lines are on the disk after sync(), which the link calls before
/// it sends on. A disk that does not take them is reported once; the lines wait, bounded, for the next sync().
/// Thread-safe, so that several links can share one.
class Ledger {
 public:
  /// The file is made when it is missing; lines are appended.
  Ledger(common::FileSystem& files, std::filesystem::path file);

  /// `hub` is the id of the hub; empty for one that is not ours.
  void acknowledged(const common::Message& message, const std::string& hub);

  void sync();

  static std::string line(const common::Message& message, const std::string& hub);

 private:
  void append(const std::string& lines);

  common::FileSystem& files_;
  const std::filesystem::path file_;
  std::mutex mutex_;
  common::OpenFilePtr open_;
  std::string waiting_;
  bool failing_ = false;
  std::uint64_t lost_ = 0;  ///< lines for which there was no place any more
};

}  // namespace imagenode
