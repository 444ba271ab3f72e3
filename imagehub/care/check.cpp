#include "imagehub/care/check.hpp"

#include <limits>
#include <optional>
#include <system_error>

#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/care/check_batches.hpp"
#include "imagehub/care/hashed_set.hpp"
#include "imagehub/index/index_reader.hpp"
#include "imagehub/store/file_digest.hpp"
#include "imagehub/store/image_tree.hpp"
#include "imagehub/store/log_files.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kLastId = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kProgressEvery = 1000;

struct Difference {
  Finding finding;
  std::string detail;
};

class Checker {
 public:
  Checker(common::FileSystem& files, const DataDirectory& data, const Progress& progress, CheckReport& report)
      : files_(files), data_(data), progress_(progress), report_(report), index_(files, data.index()) {}

  void run(std::int64_t started_ns) {
    if (report_.level == CheckLevel::content) {
      progress_("reading the index", 0, 0);
      if (const auto damage = index_.damage()) report_.of(Finding::damaged_index).push_back({"index.sqlite3", *damage});
    }
    const Index::Finished finished = index_.finished();
    report_.crc_pending = index_.images_without_crc();
    check_images(finished.image_id);
    check_events(finished.event_id);
    check_tree(finished.image_id, started_ns);
    check_temporaries();
    if (report_.beside_hub) look_again();
    check_batches(files_, data_, index_, progress_, report_);
  }

 private:
  void check_images(std::int64_t last) {
    const std::uint64_t total = index_.images();
    index_.each_image(0, last, [&](const ImageRow& row) {
      if (++report_.image_rows % kProgressEvery == 0) progress_("images", report_.image_rows, total);
      report_.adopted_rows += row.adopted ? 1 : 0;
      paths_.add(row.path);
      if (const auto difference = examine(row)) add(*difference, "images/" + row.path, row.id);
    });
  }

  std::optional<Difference> examine(const ImageRow& row) {
    const auto path = data_.images() / row.path;
    try {
      const auto info = files_.info(path);
      if (!info || info->is_folder) return Difference{Finding::row_without_file, described(row)};
      if (report_.level == CheckLevel::presence) return std::nullopt;
      if (info->bytes != row.bytes) {
        return Difference{Finding::wrong_size, cat(info->bytes, " bytes, its row says ", row.bytes)};
      }
      if (report_.level == CheckLevel::size || !row.crc) return std::nullopt;
      const auto digest = read_digest(files_, path, buffer_);
      if (!digest) return Difference{Finding::row_without_file, described(row)};
      report_.bytes_read += digest->bytes;
      if (digest->crc == *row.crc) return std::nullopt;
      return Difference{Finding::wrong_content, cat("CRC-32C ", digest->crc, ", its row says ", *row.crc)};
    } catch (const std::system_error& error) {
      return Difference{Finding::unreadable_file, error.what()};
    }
  }

  static std::string described(const ImageRow& row) {
    return cat(row.text, ", ", row.bytes, " bytes", row.adopted ? ", adopted" : "");
  }

  void check_events(std::int64_t last) {
    LogFiles logs(files_, data_.logs());
    const std::uint64_t total = index_.events();
    index_.each_event(0, last, [&](const EventRow& row) {
      if (++report_.event_rows % kProgressEvery == 0) progress_("events", report_.event_rows, total);
      report_.adopted_rows += row.adopted ? 1 : 0;
      if (!logs.holds({row.log_day, row.log_offset}, row.time_ns, row.text)) {
        add({Finding::event_without_line, cat("log of ", row.log_day, ", byte ", row.log_offset)}, row.text, row.id);
      }
    });
  }

  /// Rows that came while we looked have their files by now; what a crash left unfinished may have them.
  void check_tree(std::int64_t checked, std::int64_t started_ns) {
    std::uint64_t later = 0;
    const auto add_later = [&](const ImageRow& row) {
      paths_.add(row.path);
      incoming_.add(row.incoming);
      ++later;
    };
    std::vector<std::pair<std::string, common::FileInfo>> without_row;
    HashedSet before = paths_;
    before.seal();
    std::uint64_t seen = 0;
    each_file(
        files_, data_.images(),
        [&](const std::string& path) {
          if (++seen % kProgressEvery == 0) progress_("files", seen, 0);
          return before.contains(path);
        },
        [&](const std::string& path, const common::FileInfo& info) { without_row.emplace_back(path, info); });
    index_.each_image(checked, kLastId, add_later);
    paths_.seal();
    incoming_.seal();
    if (!report_.beside_hub) count_unfinished(later);
    HashedSet garbage;
    for (const auto& path : index_.garbage()) garbage.add(path);
    garbage.seal();
    for (const auto& [path, info] : without_row) {
      if (paths_.contains(path) || garbage.contains(path)) continue;
      if (report_.beside_hub && info.modified_ns >= started_ns) continue;
      const bool old = info.modified_ns < index_.created_ns();
      add({!is_picture_name(path) ? Finding::other_file
           : old                  ? Finding::old_file
                                  : Finding::file_without_row,
           cat(info.bytes, " bytes")},
          "images/" + path, 0);
    }
    if (const HashedSet doubles = paths_.doubles(); !doubles.empty()) find_shared(doubles);
  }

  void count_unfinished(std::uint64_t images) {
    report_.unfinished_rows = images;
    index_.each_event(index_.finished().event_id, kLastId, [&](const EventRow&) { ++report_.unfinished_rows; });
  }

  void find_shared(const HashedSet& doubles) {
    index_.each_image(0, kLastId, [&](const ImageRow& row) {
      if (doubles.contains(row.path)) {
        add({Finding::shared_file, cat("row ", row.id, " names it, and another one")}, "images/" + row.path, row.id);
      }
    });
  }

  /// While a hub is at work, what lies there is in use.
  void check_temporaries() {
    if (report_.beside_hub) return;
    if (common::exists(files_, data_.incoming())) {
      for (const auto& name : files_.list(data_.incoming())) {
        if (!incoming_.contains(name)) add({Finding::temporary, {}}, "images/.incoming/" + name, 0);
      }
    }
    if (!common::exists(files_, data_.backups())) return;
    for (const auto& name : files_.list(data_.backups())) {
      if (name.find(".tmp") != name.npos) add({Finding::temporary, {}}, "backup/" + name, 0);
    }
  }

  /// A hub at work renames logs and deletes what is to be deleted: what still differs now, differs.
  void look_again() {
    LogFiles logs(files_, data_.logs());
    std::erase_if(report_.of(Finding::event_without_line), [&](const Found& found) {
      const auto row = index_.event(found.id);
      return !row || logs.holds({row->log_day, row->log_offset}, row->time_ns, row->text);
    });
    for (const Finding finding : {Finding::row_without_file, Finding::wrong_size, Finding::wrong_content,
                                  Finding::unreadable_file, Finding::shared_file}) {
      std::erase_if(report_.of(finding), [&](const Found& found) {
        const auto row = index_.image(found.id);
        return !row || (finding != Finding::shared_file && !examine(*row));
      });
    }
    for (const Finding finding : {Finding::file_without_row, Finding::old_file, Finding::other_file}) {
      std::erase_if(report_.of(finding),
                    [&](const Found& found) { return !common::exists(files_, data_.folder / found.what); });
    }
  }

  void add(const Difference& difference, const std::string& what, std::int64_t id) {
    report_.of(difference.finding).push_back({what, difference.detail, id});
  }

  common::FileSystem& files_;
  const DataDirectory& data_;
  const Progress& progress_;
  CheckReport& report_;
  IndexReader index_;
  HashedSet paths_;
  HashedSet incoming_;
  common::Bytes buffer_;
};

constexpr std::uint64_t kTooManyToBeLost = 20;

}  // namespace

bool most_have_no_file(std::uint64_t without_file, std::uint64_t rows) {
  return without_file >= kTooManyToBeLost && without_file > rows / 2;
}

std::optional<std::string> seems_not_mounted(common::FileSystem& files, const DataDirectory& data) {
  { const Index of_this_format(files, data.index(), Durability::synced); }
  IndexReader reader(files, data.index());
  std::uint64_t rows = 0;
  std::uint64_t gone = 0;
  reader.each_image(0, kLastId, [&](const ImageRow& row) {
    ++rows;
    const bool incoming = !row.incoming.empty() && common::exists(files, data.incoming() / row.incoming);
    if (!incoming && !common::exists(files, data.images() / row.path)) ++gone;
  });
  if (!most_have_no_file(gone, rows)) return std::nullopt;
  return cat(gone, " of ", rows, " pictures are not in ", data.images().string(), ", as if it was not mounted");
}

std::uint64_t CheckReport::differences() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Finding::old_file); ++i) count += found[i].size();
  return count;
}

CheckReport check(common::FileSystem& files, const DataDirectory& data, CheckLevel level, bool beside_hub,
                  const common::Clock& clock, const Progress& progress) {
  CheckReport report;
  report.level = level;
  report.beside_hub = beside_hub;
  const std::int64_t started_ns = clock.monotonic_ns();
  try {
    Checker(files, data, progress, report).run(clock.utc_ns());
  } catch (const common::CorruptDatabase& error) {
    report.of(Finding::damaged_index).push_back({"index.sqlite3", error.what()});
  }
  report.seconds = static_cast<double>(clock.monotonic_ns() - started_ns) / 1e9;
  return report;
}

}  // namespace imagehub
