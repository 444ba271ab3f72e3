#include "imagenode/link/local_batches.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "common/local_time.hpp"
#include "common/message_rows.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

constexpr std::int64_t kIdle = 600 * common::kSecond;
constexpr std::int64_t kDay = 86'400 * common::kSecond;
/// Batches overlap a little, when rows of the spool come beside new ones.
constexpr std::ptrdiff_t kBatchesBefore = 3;

std::uint64_t id_of(const common::Row& row) {
  std::uint64_t id = 0;
  std::from_chars(row.text.data(), row.text.data() + row.text.size(), id);
  return id;
}

common::Batch batch_of(const common::Message& message, const common::RowChunk& chunk, std::int64_t time_ns) {
  common::Batch batch;
  batch.node = message.node;
  batch.view = message.view;
  batch.source = message.source;
  batch.boot = message.boot.value_or(0);
  batch.header = chunk.header;
  batch.time_ns = time_ns;
  return batch;
}

}  // namespace

LocalBatches::LocalBatches(const fs::path& data, std::uint64_t boot, common::FileSystem& files,
                           const common::Clock& clock)
    : data_(data),
      boot_(boot),
      files_(files),
      clock_(clock),
      store_(files, data, true, common::BatchStore::kLocalPrefix) {}

std::vector<LocalBatches::Refused> LocalBatches::write(const std::vector<common::MessagePtr>& chunks) {
  std::vector<Refused> refused;
  if (!recovered_) recover();
  if (chunks.empty()) return refused;
  discard_unwanted();
  const OpenBatches before = open_;
  const auto numbers_before = numbers_;
  try {
    for (const auto& message : chunks) {
      const auto read = common::rows_of(*message);
      if (const auto* rows = std::get_if<common::MessageRows>(&read)) {
        append(*message, rows->chunk);
      } else {
        refused.push_back({identity_of(*message), std::get<std::string>(read)});
      }
    }
    store_.sync();
  } catch (...) {
    // What was appended lies behind the lengths that count, and is cut off by the next who appends.
    store_.forget();
    open_ = before;
    numbers_ = numbers_before;
    ended_.clear();
    std::move(begun_.begin(), begun_.end(), std::back_inserter(unwanted_));
    begun_.clear();
    throw;
  }
  std::move(ended_.begin(), ended_.end(), std::back_inserter(closing_));
  ended_.clear();
  begun_.clear();
  close_waiting();
  return refused;
}

void LocalBatches::recover() {
  for (const std::string& incoming : store_.others({})) {
    if (!incoming.starts_with(common::BatchStore::kLocalPrefix)) continue;
    auto batch = store_.rescued(incoming);
    if (!batch) {
      common::log::error(cat("a folder of rows does not tell whose they are: it is ",
                             (data_ / store_.set_aside(incoming)).string(), " now"));
    } else if (batch->rows() == 0) {
      store_.discard(incoming);
    } else {
      Open open{std::move(*batch), incoming, 0};
      close(open);
    }
  }
  recovered_ = true;
}

void LocalBatches::append(const common::Message& message, const common::RowChunk& chunk) {
  std::vector<common::Row> rows = chunk.rows;
  if (message.boot != boot_) {
    const auto there = earlier_ids(message, chunk);
    std::erase_if(rows, [&](const common::Row& row) { return there.contains(id_of(row)); });
  }
  for (std::size_t from = 0; from < rows.size();) {
    Open& open = batch_for(message, chunk, rows[from].time_ns);
    const std::size_t count = store_.append(open.incoming, open.batch, limits_, rows, from);
    from += count;
    open.last_ns = clock_.monotonic_ns();
    if (count > 0) continue;
    common::log::error(cat("rows of ", common::escaped(open.batch.name()), " are gone from ",
                           (data_ / ".incoming" / open.incoming).string(), "; what is left of them is closed"));
    ended_.push_back(std::move(open));
    open_.erase({message.source, message.boot.value_or(0), message.late});
  }
}

/// The batch that takes the next row.
LocalBatches::Open& LocalBatches::batch_for(const common::Message& message, const common::RowChunk& chunk,
                                            std::int64_t time_ns) {
  const Key key{message.source, message.boot.value_or(0), message.late};
  const auto at = open_.find(key);
  if (at != open_.end()) {
    if (at->second.batch.header == chunk.header && !limits_.is_full(at->second.batch)) return at->second;
    ended_.push_back(std::move(at->second));
    open_.erase(at);
  }
  Open open{batch_of(message, chunk, time_ns), "", clock_.monotonic_ns()};
  open.batch.number = ++numbers_[{message.source, open.batch.boot}];
  open.incoming = store_.begin(open.batch);
  begun_.push_back(open.incoming);
  return open_.emplace(key, std::move(open)).first->second;
}

/// Folders of groups that failed: at the next start their rows would count.
void LocalBatches::discard_unwanted() {
  for (; !unwanted_.empty(); unwanted_.pop_back()) store_.discard(unwanted_.back());
}

std::int64_t LocalBatches::close_idle() {
  const std::int64_t now = clock_.monotonic_ns();
  for (auto at = open_.begin(); at != open_.end();) {
    const bool over = now - at->second.last_ns >= kIdle || limits_.is_full(at->second.batch);
    if (over) closing_.push_back(std::move(at->second));
    at = over ? open_.erase(at) : std::next(at);
  }
  close_waiting();
  std::int64_t next_ns = closing_.empty() ? std::numeric_limits<std::int64_t>::max() : now + 60 * common::kSecond;
  for (const auto& [key, open] : open_) next_ns = std::min(next_ns, open.last_ns + kIdle);
  return next_ns;
}

void LocalBatches::close_all() {
  for (auto& [key, open] : open_) closing_.push_back(std::move(open));
  open_.clear();
  close_waiting();
}

/// What cannot be closed now stays; its rows are safe where they are.
void LocalBatches::close_waiting() {
  std::vector<Open> left;
  for (Open& open : closing_) {
    try {
      close(open);
    } catch (const std::exception& error) {
      if (gate_.pass("close", clock_.monotonic_ns())) {
        common::log::error(cat("local_dir: cannot close a batch of ", common::escaped(open.batch.name()), ": ",
                               error.what(), "; its rows are safe in ", (data_ / ".incoming" / open.incoming).string(),
                               ", it is tried again"));
      }
      left.push_back(std::move(open));
    }
  }
  closing_ = std::move(left);
}

void LocalBatches::close(Open& open) {
  open.batch.complete = limits_.is_complete(open.batch);
  if (!store_.seal(open.incoming, open.batch)) return;
  while (store_.finish(open.incoming, store_.free_path(open.batch)) == common::BatchStore::Finish::taken) {
  }
}

std::set<std::uint64_t> LocalBatches::earlier_ids(const common::Message& message, const common::RowChunk& chunk) const {
  const auto [first, last] = std::minmax_element(chunk.rows.begin(), chunk.rows.end(),
                                                 [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
  const std::string from = common::file_stamp(first->time_ns);
  const std::string to = common::file_stamp(last->time_ns) + '~';
  std::set<fs::path> folders;  // in the order of their times
  for (const std::int64_t time_ns : {first->time_ns - kDay, first->time_ns, last->time_ns}) {
    const fs::path source = data_ / fs::path(common::batch_path(batch_of(message, chunk, time_ns))).parent_path();
    if (!common::exists(files_, source)) continue;
    for (const std::string& name : files_.list(source)) {
      if (name <= to) folders.insert(source / name);
    }
  }
  auto begin = std::find_if(folders.begin(), folders.end(), [&](const fs::path& one) { return one.filename() > from; });
  for (std::ptrdiff_t i = 0; i < kBatchesBefore && begin != folders.begin(); ++i) --begin;
  std::set<std::uint64_t> ids;
  std::for_each(begin, folders.end(),
                [&](const fs::path& folder) { add_ids(folder, batch_of(message, chunk, 0), ids); });
  return ids;
}

void LocalBatches::add_ids(const fs::path& folder, const common::Batch& like, std::set<std::uint64_t>& ids) const {
  const auto text = [&](const fs::path& path) {
    return common::exists(files_, path) ? common::read_text(files_, path) : std::string();
  };
  const auto batch = common::parse_manifest(text(folder / common::kManifestName));
  if (!batch || batch->boot != like.boot || batch->source != like.source || batch->view != like.view) return;
  for (const common::BatchFile& file : batch->files) {
    const std::string csv = text(folder / file.name);
    const auto read = common::parse_rows(csv);
    if (const auto* rows = std::get_if<common::RowChunk>(&read)) {
      std::transform(rows->rows.begin(), rows->rows.end(), std::inserter(ids, ids.end()), id_of);
    }
  }
}

}  // namespace imagenode
