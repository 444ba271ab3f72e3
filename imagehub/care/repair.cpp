#include "imagehub/care/repair.hpp"

#include <algorithm>

#include "common/local_time.hpp"
#include "common/text.hpp"
#include "imagehub/index/index_reader.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::size_t kRowsAtOnce = 1000;

std::uint64_t remove_temporaries(common::FileSystem& files, const DataDirectory& data, CheckReport& report) {
  std::uint64_t removed = 0;
  for (const auto& found : report.of(Finding::temporary)) removed += files.remove(data.folder / found.what) ? 1 : 0;
  report.of(Finding::temporary).clear();
  return removed;
}

std::uint64_t append_lines(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub, CheckReport& report) {
  IndexReader reader(files, data.index());
  auto& found = report.of(Finding::event_without_line);
  std::uint64_t appended = 0;
  for (std::size_t from = 0; from < found.size(); from += kRowsAtOnce) {
    std::vector<EventRow> rows;
    for (std::size_t i = from; i < std::min(from + kRowsAtOnce, found.size()); ++i) {
      if (auto row = reader.event(found[i].id)) rows.push_back(std::move(*row));
    }
    appended += rows.size();
    hub.committer.append_missing(rows);
  }
  found.clear();
  return appended;
}

/// The report is on the disk before the rows go.
std::uint64_t move_rows(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub, CheckReport& report,
                        std::int64_t utc_ns, std::optional<std::filesystem::path>& written) {
  auto& found = report.of(Finding::row_without_file);
  if (found.empty()) return 0;
  IndexReader reader(files, data.index());
  std::string text = "Rows of pictures whose files are gone. They were taken out of the index; the identities stay.\n";
  std::vector<std::int64_t> ids;
  for (const auto& one : found) {
    const auto row = reader.image(one.id);
    if (!row) continue;
    text += report_line(*row);
    ids.push_back(row->id);
  }
  written = write_report(files, data, "check", utc_ns, text);
  for (std::size_t from = 0; from < ids.size(); from += kRowsAtOnce) {
    Index::Transaction transaction(hub.index);
    for (std::size_t i = from; i < std::min(from + kRowsAtOnce, ids.size()); ++i) hub.index.remove_image(ids[i]);
    transaction.commit();
  }
  found.clear();
  return ids.size();
}

}  // namespace

std::string report_line(const ImageRow& row) {
  const std::string identity =
      row.identity ? cat(", boot ", common::hex64(row.identity->boot), " seq ", row.identity->seq) : "";
  return cat(common::escaped(row.path), "  ", common::escaped(row.text), ", captured ", common::log_stamp(row.time_ns),
             ", ", row.bytes, " bytes", row.crc ? cat(", crc ", *row.crc) : "", identity, ", row ", row.id, '\n');
}

std::filesystem::path write_report(common::FileSystem& files, const DataDirectory& data, const std::string& name,
                                   std::int64_t utc_ns, const std::string& text) {
  common::make_folders(files, data.reports());
  const std::string stem = cat(name, '-', common::file_stamp(utc_ns).substr(0, 19));
  auto path = data.reports() / (stem + ".txt");
  for (int suffix = 1; common::exists(files, path); ++suffix) path = data.reports() / cat(stem, '-', suffix, ".txt");
  const common::ByteView bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto file = common::begin_file(files, path, bytes);
  common::sync_file(files, *file, path);
  files.sync_folder(data.reports());
  return path;
}

Repaired repair(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub, CheckReport& report,
                const common::Clock& clock, const Progress& progress) {
  Repaired done;
  done.recovered = hub.recovered;
  done.temporaries = remove_temporaries(files, data, report);
  done.lines = append_lines(files, data, hub, report);
  done.rows = move_rows(files, data, hub, report, clock.utc_ns(), done.report);
  if (!report.of(Finding::file_without_row).empty() || !report.of(Finding::old_file).empty()) {
    done.adopted = adopt(files, data, AdoptWhat::pictures, hub.index, progress);
    report.of(Finding::file_without_row).clear();
    report.of(Finding::old_file).clear();
  }
  done.batches = repair_batches(files, data, hub, report, clock.utc_ns());
  return done;
}

}  // namespace imagehub
