#include "imagenode/command_memory.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "common/text.hpp"

namespace imagenode {
namespace {

/// More than the longest file that is ever written here.
constexpr std::uint64_t kMaxBytes = 1024 * 1024;

}  // namespace

void CommandMemory::load() {
  if (loaded_) return;
  std::string text;
  if (const auto info = files_.info(file_)) {
    text.resize(std::min(info->bytes, kMaxBytes));
    const auto file = files_.open(file_, common::OpenMode::read);
    text.resize(file->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    const std::size_t space = line.find(' ');
    Entry entry;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + std::min(space, line.size()), entry.id);
    // A line that somebody spoilt says nothing; the others still do.
    if (error != std::errc{} || space == std::string_view::npos || rest != line.data() + space) continue;
    entry.outcome = line.substr(space + 1);
    entries_.push_back(std::move(entry));
    if (entries_.size() > kMaxRemembered) entries_.pop_front();
  }
  loaded_ = true;
}

std::optional<std::string> CommandMemory::outcome(std::uint64_t id) {
  load();
  for (const Entry& entry : entries_) {
    if (entry.id == id) return entry.outcome;
  }
  return std::nullopt;
}

void CommandMemory::note(std::uint64_t id, const std::string& outcome) {
  load();
  std::deque<Entry> entries = entries_;
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; });
  if (at != entries.end()) {
    at->outcome = outcome;
  } else {
    entries.push_back({id, outcome});
  }
  if (entries.size() > kMaxRemembered) entries.pop_front();
  write(entries);
  entries_ = std::move(entries);
}

void CommandMemory::write(const std::deque<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries) text += common::cat(entry.id, ' ', entry.outcome, '\n');
  common::make_folders(files_, file_.parent_path());
  const std::filesystem::path fresh = file_.string() + ".new";
  const auto file =
      common::begin_file(files_, fresh, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  common::sync_file(files_, *file, fresh);
  files_.rename(fresh, file_);
  files_.sync_folder(file_.parent_path());
}

}  // namespace imagenode
