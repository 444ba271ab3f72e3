#include "imagenode/link/ledger.hpp"

#include <system_error>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// What waits for a disk that takes nothing.
constexpr std::size_t kMaxWaitingBytes = 4 * 1024 * 1024;

}  // namespace

Ledger::Ledger(common::FileSystem& files, std::filesystem::path file) : files_(files), file_(std::move(file)) {}

std::string Ledger::line(const common::Message& message, const std::string& hub) {
  const auto delivery_class = common::delivery_class(common::kind_of(message.text, true));
  return cat(common::hex64(message.boot.value_or(0)), '\t', message.seq.value_or(0), '\t', message.time_ns, '\t',
             common::name_of(delivery_class), '\t', message.crc.value_or(0), '\t', message.payload.size(), '\t',
             hub.empty() ? "-" : hub, '\t', common::escaped(message.text), '\n');
}

void Ledger::acknowledged(const common::Message& message, const std::string& hub) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() > kMaxWaitingBytes) {
    ++lost_;
    return;
  }
  waiting_ += line(message, hub);
}

void Ledger::sync() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return;
  try {
    append(waiting_);
    waiting_.clear();
    if (failing_) common::log::info(cat("ledger ", file_.string(), " is written again; ", lost_, " lines are missing"));
    failing_ = false;
    lost_ = 0;
  } catch (const std::system_error& error) {
    if (!failing_) common::log::error(cat("ledger: ", error.what(), "; delivery goes on, the lines wait"));
    failing_ = true;
    open_.reset();
  }
}

void Ledger::append(const std::string& lines) {
  if (!open_) {
    common::make_folders(files_, file_.parent_path());
    const bool fresh = !common::exists(files_, file_);
    open_ = files_.open(file_, common::OpenMode::create);
    if (fresh) files_.sync_folder(file_.parent_path().empty() ? "." : file_.parent_path());
  }
  common::append_lines_synced(*open_, file_, lines);
}

}  // namespace imagenode
