// What the Spooler does with a damaged file.

#include "common/database.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "imagenode/link/spooler.hpp"

namespace imagenode {
namespace {

using common::cat;

/// Of a damaged file that the disk does not give, before it is left as it is.
constexpr int kReadTries = 3;

std::filesystem::path with(const std::filesystem::path& file, const std::string& ending) {
  return file.string() + ending;
}

}  // namespace

/// The damaged file waits under a fixed name until what it holds is saved, so that neither a crash nor a disk that
/// takes nothing ends the saving half-way: open_file() begins it anew.
void Spooler::replace_corrupt(const std::string& why, std::int64_t now_ns) {
  if (spool_) held_ = spool_->counts().total();
  spool_.reset();
  told_damaged_ = 0;
  outbox_.spool_lost();
  common::log::error(cat("spool: ", why, "; what can be read is saved into a new file"));
  try {
    if (common::exists(files_, damaged_)) {
      // Until the saving is done the new file holds copies only.
      for (const char* ending : {"-wal", "-shm", ""}) files_.remove(with(settings_.file, ending));
    } else {
      move_file(settings_.file, damaged_);
    }
    open_file();
    worked();
  } catch (const std::exception& error) {
    failed(error.what(), now_ns);
  }
}

/// The -wal goes first: begin_salvage() knows from it that the file was to follow.
void Spooler::move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (const auto wal = with(from, "-wal"); common::exists(files_, wal)) files_.rename(wal, with(to, "-wal"));
  files_.rename(from, to);
  files_.remove(with(from, "-shm"));
  files_.sync_folder(settings_.file.parent_path());
}

/// Whether there is a damaged file to be saved.
bool Spooler::begin_salvage() {
  if (common::exists(files_, damaged_)) return true;
  const auto wal = with(damaged_, "-wal");
  if (!common::exists(files_, wal)) return false;
  if (!common::exists(files_, settings_.file)) {
    files_.remove(wal);
    return false;
  }
  move_file(settings_.file, damaged_);
  return true;
}

/// Copies what can be read still, a group at a time. What an earlier try copied already does no harm.
void Spooler::salvage(Spool& into) {
  std::vector<SpoolRow> rows;
  std::size_t bytes = 0;
  std::uint64_t found = 0;
  const auto append = [&] {
    into.append(rows);
    rows.clear();
    bytes = 0;
  };
  std::vector<SetAside> set_aside;
  std::size_t set_aside_bytes = 0;
  const auto copy = [&] {
    append();
    copy_refused(set_aside, into);
    set_aside.clear();
    set_aside_bytes = 0;
  };
  SalvageTaker take;
  take.set_aside = [&](const SetAside& row) {
    set_aside.push_back(row);
    set_aside_bytes += row.payload.size();
    if (set_aside_bytes >= Outbox::kGroupBytes) copy();
  };
  take.message = [&](const SpoolRow& row) {
    ++found;
    if (row.message->boot == boot_ && !row.late) return;  // lies in memory
    rows.push_back(row);
    bytes += row.message->payload.size();
    if (bytes >= Outbox::kGroupBytes) append();
  };
  const SpoolLosses losses = salvage_spool(files_, damaged_, kernel_, clock_, take);
  copy();
  if (losses.unreadable_now && ++unreadable_ < kReadTries) {
    throw std::runtime_error(cat(damaged_.string(), " cannot be read"));
  }
  unreadable_ = 0;
  const auto corrupt = with(settings_.file, ".corrupt-" + common::file_stamp(clock_.utc_ns()));
  move_file(damaged_, corrupt);
  const auto saved = into.counts().total();
  const std::string missing = missing_words(losses, found);
  held_.reset();
  common::log::error(cat("spool: the damaged file is set aside as ", corrupt.string(), ", of it ", saved,
                         " messages were saved", missing));
  report_(cat("corrupt|", corrupt.filename().string(), '|', saved, " saved", missing));
  common::keep_newest_corrupt(files_, corrupt);
}

/// What no hub takes is not worth that the salvage fails: the damaged file has it too.
void Spooler::copy_refused(const std::vector<SetAside>& refused, Spool& into) {
  try {
    if (!refused.empty()) into.copy(refused);
  } catch (const common::CorruptDatabase&) {
    throw;
  } catch (const std::exception& error) {
    common::log::warn(cat("spool: ", refused.size(), " messages that were refused are not copied: ", error.what()));
  }
}

/// Behind "<n> saved".
std::string Spooler::missing_words(const SpoolLosses& losses, std::uint64_t found) const {
  std::string words;
  if (held_ && *held_ > found) {
    words = cat(", ", *held_ - found, " missing");
  } else if (losses.messages > 0) {
    words = cat(losses.gaps ? ", at least " : ", ", losses.messages, " missing");
  } else if (losses.gaps && !held_) {
    words = ", others may be missing";
  }
  if (words.empty()) return words;
  if (losses.from_ns > 0) words += ", captured from " + common::log_stamp(losses.from_ns);
  if (losses.to_ns > 0)
    words += cat(losses.from_ns > 0 ? " to " : ", captured until ", common::log_stamp(losses.to_ns));
  return words;
}

}  // namespace imagenode
