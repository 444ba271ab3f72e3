#include "imagehub/care/check_batches.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "common/batch.hpp"
#include "common/sha256.hpp"
#include "common/text.hpp"
#include "imagehub/care/repair.hpp"
#include "imagehub/store/image_tree.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;

/// A manifest of more bytes is none.
constexpr std::uint64_t kMaxManifest = 4 * 1024 * 1024;

/// Files below data/ by folder; what the hub is working on begins with a dot and is left out.
using Tree = std::map<std::string, std::set<std::string>>;

Tree tree_of(common::FileSystem& files, const fs::path& data) {
  Tree tree;
  each_file(
      files, data, [](const std::string&) { return false; },
      [&](const std::string& path, const common::FileInfo&) {
        const fs::path file = path;
        tree[file.parent_path().string()].insert(file.filename().string());
      });
  return tree;
}

std::optional<common::Batch> manifest_in(common::FileSystem& files, const fs::path& folder) {
  const auto info = files.info(folder / common::kManifestName);
  if (!info || info->is_folder || info->bytes > kMaxManifest) return std::nullopt;
  return common::parse_manifest(common::read_text(files, folder / common::kManifestName));
}

std::string described(const BatchRow& row) {
  return cat("batch ", row.batch.number, " of ", row.batch.node, ' ', row.batch.name(), ", ", row.batch.rows(),
             " rows");
}

class BatchChecker {
 public:
  BatchChecker(common::FileSystem& files, const DataDirectory& data, CheckReport& report)
      : files_(files), data_(data), report_(report) {}

  void check(const BatchRow& row) {
    if (row.state == BatchState::deleting) return;
    if (row.state == BatchState::lost) {
      add(Finding::batch_without_file, row, cat("row ", row.id), "its folder was removed before it was closed");
      return;
    }
    for (const common::BatchFile& file : row.batch.files) {
      examine(row, file.name, [&] { check_file(row, file); });
    }
    examine(row, common::kManifestName, [&] { check_manifest(row); });
  }

 private:
  template <typename Work>
  void examine(const BatchRow& row, const std::string& name, Work work) {
    try {
      work();
    } catch (const std::system_error& error) {
      add(Finding::batch_unreadable, row, name, error.what());
    }
  }

  void check_file(const BatchRow& row, const common::BatchFile& file) {
    const fs::path path = data_.data() / row.path / file.name;
    const auto info = files_.info(path);
    if (!info || info->is_folder) {
      add(Finding::batch_without_file, row, file.name, described(row));
      return;
    }
    if (report_.level == CheckLevel::presence) return;
    if (info->bytes != file.bytes) {
      add(Finding::batch_wrong_content, row, file.name, cat(info->bytes, " bytes, its row says ", file.bytes));
      return;
    }
    if (report_.level == CheckLevel::size) return;
    report_.bytes_read += info->bytes;
    const std::string digest = common::sha256(*files_.open(path, common::OpenMode::read), info->bytes);
    if (digest == file.sha256) return;
    add(Finding::batch_wrong_content, row, file.name, cat("SHA-256 ", digest, ", its row says ", file.sha256));
  }

  void check_manifest(const BatchRow& row) {
    if (!common::exists(files_, data_.data() / row.path / common::kManifestName)) {
      add(Finding::batch_without_file, row, common::kManifestName, described(row));
      return;
    }
    if (report_.level != CheckLevel::content) return;
    const auto manifest = manifest_in(files_, data_.data() / row.path);
    if (manifest && common::to_manifest(*manifest) == common::to_manifest(row.batch)) return;
    add(Finding::batch_wrong_content, row, common::kManifestName, "it does not say what its row says");
  }

  void add(Finding finding, const BatchRow& row, const std::string& name, const std::string& detail) {
    const std::string place = row.path.empty() ? "data" : "data/" + row.path;
    report_.of(finding).push_back({cat(place, '/', name), detail, row.id});
  }

  common::FileSystem& files_;
  const DataDirectory& data_;
  CheckReport& report_;
};

}  // namespace

void check_batches(common::FileSystem& files, const DataDirectory& data, IndexReader& index, const Progress& progress,
                   CheckReport& report) {
  // The tree first: what a hub puts there has its row.
  Tree tree = tree_of(files, data.data());
  std::set<std::string> incoming;
  BatchChecker checker(files, data, report);
  index.each_batch([&](const BatchRow& row) {
    progress("batches", ++report.batch_rows, 0);
    if (const auto folder = tree.find(row.path); folder != tree.end()) {
      for (const auto& file : row.batch.files) folder->second.erase(file.name);
      folder->second.erase(common::kManifestName);
    }
    if (row.incoming.empty()) {
      checker.check(row);
    } else {
      incoming.insert(row.incoming);
      if (!report.beside_hub) ++report.unfinished_rows;
    }
  });
  for (const auto& [folder, names] : tree) {
    const bool batch = names.contains(common::kManifestName);
    if (batch) report.of(Finding::batch_without_row).push_back({"data/" + folder, {}, 0});
    for (const auto& name : names) {
      if (!batch) report.of(Finding::other_file).push_back({cat("data/", folder, '/', name), {}, 0});
    }
  }
  const fs::path grows = data.data() / ".incoming";
  if (report.beside_hub || !common::exists(files, grows)) return;
  for (const auto& name : files.list(grows)) {
    if (!incoming.contains(name)) report.of(Finding::temporary).push_back({"data/.incoming/" + name, {}, 0});
  }
}

std::uint64_t adopt_batches(common::FileSystem& files, const DataDirectory& data, Index& index) {
  Tree tree = tree_of(files, data.data());
  IndexReader(files, data.index()).each_batch([&](const BatchRow& row) { tree.erase(row.path); });
  BatchRows rows(index);
  std::uint64_t adopted = 0;
  for (const auto& [folder, names] : tree) {
    const auto manifest =
        names.contains(common::kManifestName) ? manifest_in(files, data.data() / folder) : std::nullopt;
    if (!manifest) continue;
    BatchRow row;
    row.batch = *manifest;
    row.state = manifest->complete ? BatchState::complete : BatchState::partial;
    row.path = folder;
    row.adopted = true;
    // Nobody knows any more when it came.
    row.received_ns = manifest->last_ns;
    Index::Transaction transaction(index);
    rows.save(row);
    transaction.commit();
    ++adopted;
  }
  return adopted;
}

LostBatches lost_batches(common::FileSystem& files, const DataDirectory& data) {
  LostBatches lost;
  std::uint64_t rows = 0;
  IndexReader(files, data.index()).each_batch([&](const BatchRow& row) {
    ++rows;
    if (!row.incoming.empty() || row.state == BatchState::deleting) return;
    if (row.state != BatchState::lost && common::exists(files, data.data() / row.path)) return;
    lost.lines[row.id] = cat("data/", common::escaped(row.path), "  ", common::escaped(described(row)), ", boot ",
                             common::hex64(row.batch.boot), ", row ", row.id, '\n');
  });
  lost.most = most_have_no_file(lost.lines.size(), rows);
  return lost;
}

void forget(const LostBatches& lost, Index& index) {
  BatchRows rows(index);
  Index::Transaction transaction(index);
  for (const auto& [id, line] : lost.lines) rows.remove(id);
  transaction.commit();
}

RepairedBatches repair_batches(common::FileSystem& files, const DataDirectory& data, StoppedHub& hub,
                               CheckReport& report, std::int64_t utc_ns) {
  RepairedBatches done;
  if (!report.of(Finding::batch_without_row).empty()) {
    done.adopted = adopt_batches(files, data, hub.index);
    std::set<std::string> known;
    IndexReader(files, data.index()).each_batch([&](const BatchRow& row) { known.insert("data/" + row.path); });
    std::erase_if(report.of(Finding::batch_without_row),
                  [&](const Found& found) { return known.contains(found.what); });
  }
  const LostBatches lost = lost_batches(files, data);
  if (lost.lines.empty() || lost.most) return done;
  std::string text = "Batches of rows whose folders are gone. They were taken out of the index; the identities stay.\n";
  for (const auto& [id, line] : lost.lines) text += line;
  done.report = write_report(files, data, "check-data", utc_ns, text);
  done.moved = lost.lines.size();
  forget(lost, hub.index);
  std::erase_if(report.of(Finding::batch_without_file),
                [&](const Found& found) { return lost.lines.contains(found.id); });
  return done;
}

}  // namespace imagehub
