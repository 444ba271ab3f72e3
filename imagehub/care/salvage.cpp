#include "imagehub/care/salvage.hpp"

#include <memory>
#include <system_error>
#include <vector>

#include "common/database.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/care/adopt.hpp"
#include "imagehub/care/backup.hpp"
#include "imagehub/care/check.hpp"
#include "imagehub/care/check_batches.hpp"
#include "imagehub/care/repair.hpp"
#include "imagehub/care/salvage_source.hpp"
#include "imagehub/care/salvage_target.hpp"
#include "imagehub/care/wal_check.hpp"
#include "imagehub/index/index_reader.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;

fs::path beside(const DataDirectory& data, const std::string& suffix) {
  return data.index().string() + suffix;
}
fs::path marker(const DataDirectory& data) {
  return beside(data, ".damaged");
}
/// While it is being made, and when it is complete.
fs::path unfinished(const DataDirectory& data) {
  return beside(data, ".salvage.tmp");
}
fs::path complete(const DataDirectory& data) {
  return beside(data, ".salvaged");
}
fs::path scratch(const DataDirectory& data) {
  return beside(data, ".salvage-copy.tmp");
}

constexpr const char* kParts[] = {"-wal", "-shm", ""};

void remove_database(common::FileSystem& files, const fs::path& file) {
  for (const char* part : {"", "-wal", "-shm", "-journal"}) files.remove(file.string() + part);
}

void append(common::FileSystem& files, const fs::path& path, const std::string& text) {
  const auto file = files.open(path, common::OpenMode::create);
  common::append_lines_synced(*file, path, text);
}

/// What the first use of the index would stumble over. Reads a few pages.
std::optional<std::string> damage_at_first_sight(common::FileSystem& files, const DataDirectory& data,
                                                 Durability durability) {
  if (const auto info = files.info(marker(data))) {
    std::string reason(info->bytes, '\0');
    const auto file = files.open(marker(data), common::OpenMode::read);
    reason.resize(file->read(0, {reinterpret_cast<std::uint8_t*>(reason.data()), reason.size()}));
    return reason;
  }
  const auto info = files.info(data.index());
  if (!info) return std::nullopt;
  if (durability == Durability::synced) {
    // Without syncs a power failure leaves such a log behind, and SQLite goes on with what is whole.
    if (auto damage = wal_damage(files, beside(data, "-wal"))) return damage;
  }
  // SQLite takes an empty file for a new database; there was an index before.
  if (info->bytes == 0 && !list_backups(files, data).empty()) return "the file is empty";
  try {
    Index index(files, data.index(), Durability::synced);
    (void)index.nodes();
    (void)index.unfinished_images();
    (void)index.unfinished_events(index.finished().event_id);
    return std::nullopt;
  } catch (const std::exception& error) {
    if (common::is_corruption(error)) return error.what();
    throw;
  }
}

std::string described(const Gap& gap) {
  return gap.last ? cat(gap.first, " to ", *gap.last) : cat(gap.first, " to the end");
}

std::string described(const char* from, const SourceYield& yield) {
  std::string out = cat("From ", from, ": ", yield.images.rows, " pictures, ", yield.events.rows, " events, ",
                        yield.batches.rows, " batches\n");
  if (!yield.identities_whole) out += "  identities could not be read whole\n";
  if (!yield.nodes_whole) out += "  nodes could not be read whole\n";
  for (const auto& [name, table] : {std::pair{"images", &yield.images},
                                    {"events", &yield.events},
                                    {"batches", &yield.batches},
                                    {"chunks", &yield.chunks}}) {
    if (table->refused > 0) out += cat("  ", name, ": ", table->refused, " rows with impossible values\n");
    for (const Gap& gap : table->gaps) out += cat("  ", name, ": rows ", described(gap), " could not be read\n");
  }
  return out;
}

std::string described(const Loss& loss) {
  const auto moment = [](std::int64_t ns) { return ns == 0 ? std::string("an unknown time") : common::log_stamp(ns); };
  const std::string rows =
      loss.missing ? cat("at most ", *loss.missing, " rows of ", loss.table, " (", loss.first, " to ", loss.last, ')')
                   : cat("an unknown number of rows of ", loss.table, ", from ", loss.first, " on");
  return cat("Not recovered: ", rows, ", captured between about ", moment(loss.from_ns), " and ", moment(loss.to_ns),
             '\n');
}

constexpr const char* kDamaged = "the damaged index";

/// Fills the new index from the damaged one and from the backups; returns the report.
std::string fill(common::FileSystem& files, const DataDirectory& data, SalvageTarget& target) {
  std::vector<std::pair<std::string, std::unique_ptr<SalvageSource>>> sources;
  std::string report;
  const auto add = [&](const std::string& name, const fs::path& file) {
    if (auto source = SalvageSource::open(files, file, scratch(data))) {
      sources.emplace_back(name, std::move(source));
    } else {
      report += cat("From ", name, ": nothing can be read\n");
    }
  };
  add(kDamaged, data.index());
  for (const auto& backup : list_backups(files, data)) add(cat("the backup of ", backup.day), backup.path);
  for (const auto& [name, source] : sources) {
    if (!target.take_boots(*source)) report += cat("From ", name, ": boots could not be read whole\n");
  }
  // All of it, unless the damaged index says otherwise.
  std::vector<Gap> image_gaps{{1, std::nullopt}};
  std::vector<Gap> event_gaps{{1, std::nullopt}};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceYield yield = target.take(*sources[i].second, i > 0 || sources[i].first != kDamaged);
    report += described(sources[i].first.c_str(), yield);
    if (i > 0 || sources[i].first != kDamaged) continue;
    image_gaps = yield.images.gaps;
    event_gaps = yield.events.gaps;
  }
  for (const auto& loss : target.losses("images", image_gaps)) report += described(loss);
  for (const auto& loss : target.losses("events", event_gaps)) report += described(loss);
  report += "Commands to nodes are not taken over; give those again that were not done yet.\n";
  return report;
}

/// A crash may have come between any two of these steps; they are done again then.
void put_in_place(common::FileSystem& files, const DataDirectory& data, std::int64_t utc_ns) {
  const std::string aside = ".corrupt-" + common::file_stamp(utc_ns).substr(0, 19);
  for (const char* part : kParts) {
    const fs::path from = beside(data, part);
    if (common::exists(files, from)) files.rename(from, beside(data, aside + part));
  }
  files.sync_folder(data.folder);
  files.rename(complete(data), data.index());
  files.remove(marker(data));
  files.sync_folder(data.folder);
  common::keep_newest_corrupt(files, beside(data, aside));
}

void salvage(common::FileSystem& files, const DataDirectory& data, std::int64_t utc_ns, const std::string& reason) {
  common::log::error(
      cat("the index is damaged: ", reason, "; what can be read is salvaged, pictures and logs are safe"));
  remove_database(files, unfinished(data));
  remove_database(files, scratch(data));
  {
    SalvageTarget target(files, unfinished(data), data.incoming());
    std::string text =
        cat("The index was damaged: ", common::escaped(reason), "\nIt was set aside as index.sqlite3.corrupt-...\n");
    text += fill(files, data, target);
    const fs::path report = write_report(files, data, "salvage", utc_ns, text);
    target.finish(report.filename().string());
  }
  files.open(unfinished(data), common::OpenMode::change)->sync();
  files.rename(unfinished(data), complete(data));
  files.sync_folder(data.folder);
}

/// Takes rows out whose files are gone, or are others; the latter are adopted then.
std::uint64_t remove_rows_without_file(common::FileSystem& files, const DataDirectory& data, Index& index,
                                       std::string& report) {
  IndexReader reader(files, data.index());
  std::vector<ImageRow> wrong;
  std::uint64_t rows = 0;
  std::uint64_t gone = 0;
  reader.each_image(0, index.finished().image_id, [&](const ImageRow& row) {
    const auto info = files.info(data.images() / row.path);
    ++rows;
    gone += info ? 0 : 1;
    if (!info || info->is_folder || info->bytes != row.bytes) wrong.push_back(row);
  });
  if (most_have_no_file(gone, rows)) {
    const std::string text = cat(gone, " of ", rows, " pictures are not in ", data.images().string(),
                                 ", as if it was not mounted; their rows were kept. Mount it, then `imagehub check`");
    common::log::error(text);
    report += text + '\n';
    return 0;
  }
  if (wrong.empty()) return 0;
  report += "Rows whose files are gone or of another size; their identities stay:\n";
  Index::Transaction transaction(index);
  for (const ImageRow& row : wrong) {
    report += "  " + report_line(row);
    index.remove_image(row.id);
  }
  transaction.commit();
  return wrong.size();
}

/// Batches that were deleted since the backup was made.
void forget_lost_batches(common::FileSystem& files, const DataDirectory& data, Index& index, std::string& report) {
  const LostBatches lost = lost_batches(files, data);
  if (lost.lines.empty()) return;
  if (lost.most) {
    report +=
        cat("Most batches are not in ", data.data().string(), ", as if it was not mounted; their rows were kept\n");
    return;
  }
  report += "Batches whose folders are gone; their identities stay:\n";
  for (const auto& [id, line] : lost.lines) report += "  " + line;
  forget(lost, index);
}

}  // namespace

void mark_damaged(common::FileSystem& files, const DataDirectory& data, const std::string& reason) {
  append(files, marker(data), reason);
  files.sync_folder(data.folder);
}

bool salvage_if_damaged(common::FileSystem& files, const DataDirectory& data, Durability durability,
                        const common::Clock& clock) {
  const std::int64_t utc_ns = clock.utc_ns();
  if (!common::exists(files, complete(data))) {
    const auto damage = damage_at_first_sight(files, data, durability);
    if (!damage) return false;
    salvage(files, data, utc_ns, *damage);
  }
  put_in_place(files, data, utc_ns);
  return true;
}

std::optional<std::string> finish_salvage(common::FileSystem& files, const DataDirectory& data, Index& index) {
  const auto name = index.salvage_report();
  if (!name) return std::nullopt;
  std::string report;
  const std::uint64_t removed = remove_rows_without_file(files, data, index, report);
  const Adopted adopted = adopt(files, data, AdoptWhat::own_tree, index, [](const char*, auto, auto) {});
  forget_lost_batches(files, data, index, report);
  if (const std::uint64_t batches = adopt_batches(files, data, index); batches > 0) {
    report += cat("Adopted from their manifests, since they had no row: ", batches, " batches\n");
  }
  report += cat("Adopted, since they had no row: ", adopted.images, " pictures, ", adopted.events, " log lines");
  if (adopted.first_ns != 0) {
    report +=
        cat(", captured between ", common::log_stamp(adopted.first_ns), " and ", common::log_stamp(adopted.last_ns));
  }
  report += '\n';
  common::make_folders(files, data.reports());
  append(files, data.reports() / *name, report);
  index.clear_salvage_report();
  common::log::warn(cat("the index was salvaged: ", removed, " rows without file removed, ", adopted.images,
                        " pictures and ", adopted.events, " log lines adopted; all of it is told in ",
                        (data.reports() / *name).string()));
  return cat("imagehub|salvaged|index|", removed, " rows removed|", adopted.images, " pictures adopted|",
             adopted.events, " lines adopted|", *name);
}

}  // namespace imagehub
