#include "imagehub/filing/batches.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;

/// A sender that invents sessions or sources has the batch closed to which nothing came for longest.
constexpr std::size_t kMaxOpen = 1000;
/// A session is over when another one has begun and it was silent for so long.
constexpr std::int64_t kSessionGap = 30 * common::kSecond;

/// Of a row, by its own word, or as far behind the first one as its own word says.
std::int64_t time_of(const common::RowChunk& chunk, std::size_t row, std::int64_t first_ns) {
  const std::int64_t told_ns = chunk.rows[row].time_ns;
  std::int64_t time_ns = 0;
  if (first_ns == 0) return told_ns;
  if (__builtin_add_overflow(first_ns - chunk.rows.front().time_ns, told_ns, &time_ns)) return first_ns;
  return time_ns;
}

std::string described(const BatchRow& row) {
  return cat("batch ", row.batch.number, " of ", common::escaped(row.batch.node), " ",
             common::escaped(row.batch.name()));
}

}  // namespace

Batches::Batches(const BatchSettings& settings, Index& index, common::BatchStore& store, Reserve& reserve,
                 const common::Clock& clock)
    : settings_(settings), index_(index), rows_(index), store_(store), reserve_(reserve), clock_(clock) {}

std::size_t Batches::recover() {
  closing_ = rows_.unfinished();
  std::set<std::string> acknowledged;
  for (const BatchRow& row : closing_) {
    acknowledged.insert(row.incoming);
    // Its folder may have its place already: a new one of its name would be taken for it.
    store_.hold_name(row.incoming);
  }
  const auto others = store_.others(acknowledged);
  std::size_t removed = 0;
  if (index_.salvage_report()) {
    for (const std::string& folder : others) rescue(folder);
  } else {
    for (const std::string& folder : others) {
      if (folder.starts_with(common::BatchStore::kLocalPrefix)) {
        rescue(folder);  // of a node that had no hub, and whose data are ours now
        continue;
      }
      reserve_.spend([&] { store_.discard(folder); });
      ++removed;
    }
  }
  close_due();
  return removed;
}

/// The index was lost, and with it the row of a batch: it gets another one, for all that its files have.
void Batches::rescue(const std::string& incoming) {
  auto batch = store_.rescued(incoming);
  if (!batch) {
    common::log::error(cat("a folder of rows is in no index and does not tell whose they are: it is data/",
                           store_.set_aside(incoming), " now"));
    return;
  }
  BatchRow row;
  row.batch = std::move(*batch);
  row.adopted = true;
  row.received_ns = row.batch.last_ns;
  row.incoming = incoming;
  save(row);
  closing_.push_back(std::move(row));
}

void Batches::append(const common::Message& message, const common::RowChunk& chunk, std::int64_t time_ns,
                     std::int64_t received_ns) {
  const Key key{message.node, message.view, message.source, message.boot.value_or(0), message.late};
  bool gone = false;
  for (std::size_t from = 0; from < chunk.rows.size();) {
    Open& open = batch_for(key, chunk.header, time_of(chunk, from, time_ns), received_ns, gone);
    const std::size_t count = append_some(open, chunk.rows, from);
    from += count;
    gone = count == 0;
    if (!gone) continue;
    common::log::error(cat(described(open.row), ": acknowledged rows are gone from data/.incoming/", open.row.incoming,
                           "; what is left of it is closed, `imagehub check` tells what is missing"));
  }
  appended_ += chunk.rows.size();
}

/// The batch that takes the next row of this key; a new one when the rows of the current one are gone.
Batches::Open& Batches::batch_for(const Key& key, std::string_view header, std::int64_t time_ns,
                                  std::int64_t received_ns, bool gone) {
  auto at = changed_.find(key);
  if (at == changed_.end()) {
    if (const auto known = open_.find(key); known != open_.end()) at = changed_.emplace(key, known->second).first;
  }
  std::uint64_t number = 0;
  if (at != changed_.end()) {
    if (!gone && at->second.row.batch.header == header && !settings_.is_full(at->second.row.batch)) return at->second;
    number = at->second.row.batch.number + 1;
    end(at);
  }
  return changed_.insert_or_assign(key, begun(key, header, time_ns, received_ns, number)).first->second;
}

Batches::Open Batches::begun(const Key& key, std::string_view header, std::int64_t time_ns, std::int64_t received_ns,
                             std::uint64_t number) {
  Open open;
  common::Batch& batch = open.row.batch;
  std::tie(batch.node, batch.view, batch.source, batch.boot, open.row.late) = key;
  batch.number = number > 0 ? number : rows_.last_number(batch) + 1;
  batch.header = header;
  batch.time_ns = time_ns;
  open.row.received_ns = received_ns;
  open.row.incoming = store_.begin(batch);
  folders_.push_back(open.row.incoming);
  return open;
}

std::size_t Batches::append_some(Open& open, const std::vector<common::Row>& rows, std::size_t from) {
  const std::size_t count = store_.append(open.row.incoming, open.row.batch, settings_, rows, from);
  if (count > 0) open.last_ns = clock_.monotonic_ns();
  return count;
}

/// Nothing more is appended to it, once the group is committed.
void Batches::end(OpenBatches::iterator at) {
  ended_.push_back(std::move(at->second));
  changed_.erase(at);
}

void Batches::write() {
  added_.clear();
  const auto save = [&](Open& open) {
    const bool is_new = open.row.id == 0;
    rows_.save(open.row, open.first_file);
    if (is_new) added_.emplace_back(open.row.id, open.row.received_ns);
  };
  for (Open& open : ended_) save(open);
  for (auto& [key, open] : changed_) save(open);
}

void Batches::committed() {
  for (Open& open : ended_) {
    const common::Batch& batch = open.row.batch;
    open_.erase({batch.node, batch.view, batch.source, batch.boot, open.row.late});
    closing_.push_back(std::move(open.row));
  }
  for (auto& [key, open] : changed_) {
    open.first_file = open.row.batch.files.size() - 1;
    open_.insert_or_assign(key, std::move(open));
  }
  while (open_.size() > kMaxOpen) {
    end_open(std::min_element(open_.begin(), open_.end(),
                              [](const auto& a, const auto& b) { return a.second.last_ns < b.second.last_ns; }));
  }
  {
    const std::lock_guard lock(mutex_);
    status_.rows += appended_;
    status_.open = open_.size() + closing_.size();
  }
  changed_.clear();
  ended_.clear();
  folders_.clear();
  appended_ = 0;
}

void Batches::undo() {
  store_.forget();
  for (const std::string& folder : folders_) {
    try {
      store_.discard(folder);
    } catch (const std::system_error&) {
      // What stays is removed at the next start.
    }
  }
  changed_.clear();
  ended_.clear();
  folders_.clear();
  added_.clear();
  appended_ = 0;
}

/// Nothing more is appended to it.
Batches::OpenBatches::iterator Batches::end_open(OpenBatches::iterator at) {
  closing_.push_back(std::move(at->second.row));
  return open_.erase(at);
}

void Batches::close_until(std::int64_t until_ns) {
  for (auto at = open_.begin(); at != open_.end();) {
    at = settings_.is_full(at->second.row.batch) ? end_open(at) : std::next(at);
  }
  std::vector<BatchRow> left;
  for (BatchRow& row : closing_) {
    if (clock_.monotonic_ns() > until_ns) {
      left.push_back(std::move(row));
      continue;
    }
    try {
      reserve_.spend([&] { close(row); });
    } catch (const std::exception& error) {
      if (const auto held_back = gate_.pass("close", clock_.monotonic_ns())) {
        common::log::error(cat("cannot close ", described(row), ": ", error.what(),
                               "; its rows are safe in data/.incoming/", row.incoming, ", it is tried again",
                               *held_back > 0 ? cat(" (and ", *held_back, " more)") : ""));
      }
      left.push_back(std::move(row));
    }
  }
  closing_ = std::move(left);
  const std::lock_guard lock(mutex_);
  status_.open = open_.size() + closing_.size();
}

/// As often as it takes: each step finds what the one before left.
void Batches::close(BatchRow& row) {
  if (row.state == BatchState::open) {
    common::Batch& batch = row.batch;
    batch.complete = settings_.is_complete(batch);
    BatchRow closed = row;
    if (store_.seal(row.incoming, closed.batch)) {
      closed.state = batch.complete ? BatchState::complete : BatchState::partial;
      closed.path = store_.free_path(closed.batch);
    } else {
      closed.state = BatchState::lost;
      closed.incoming.clear();
      common::log::error(cat(described(row), ": data/.incoming/", row.incoming, " is gone, and ", batch.rows(),
                             " acknowledged rows with it; put it back from a backup"));
    }
    save(closed);
    row = std::move(closed);
    const std::lock_guard lock(mutex_);
    ++(row.state == BatchState::complete  ? status_.complete
       : row.state == BatchState::partial ? status_.partial
                                          : status_.lost);
  }
  if (!row.incoming.empty()) finish(row);
}

void Batches::finish(BatchRow& row) {
  common::BatchStore::Finish finish = store_.finish(row.incoming, row.path);
  while (finish == common::BatchStore::Finish::taken) {
    // Somebody else made something of this name since it was looked for.
    BatchRow moved = row;
    moved.path = store_.free_path(row.batch);
    save(moved);
    row = std::move(moved);
    finish = store_.finish(row.incoming, row.path);
  }
  if (finish == common::BatchStore::Finish::missing) {
    common::log::error(cat(described(row), " is gone from data/.incoming/", row.incoming,
                           "; put it back from a backup as data/", row.path));
  }
  BatchRow finished = row;
  finished.incoming.clear();
  save(finished);
  row = std::move(finished);
}

void Batches::save(BatchRow& row) {
  Index::Transaction transaction(index_);
  rows_.save(row);
  transaction.commit();
}

/// A node that has started anew sends no more live rows of its earlier start. What goes on all the same, because two
/// nodes have one name, is not cut into pieces.
bool Batches::has_successor(OpenBatches::const_iterator at) const {
  const BatchRow& row = at->second.row;
  return !row.late && std::any_of(open_.begin(), open_.end(), [&](const auto& other) {
    const common::Batch& batch = other.second.row.batch;
    return batch.boot != row.batch.boot && other.second.last_ns > at->second.last_ns &&
           std::tie(batch.node, batch.view, batch.source) == std::tie(row.batch.node, row.batch.view, row.batch.source);
  });
}

void Batches::close_idle() {
  const std::int64_t now = clock_.monotonic_ns();
  for (auto at = open_.begin(); at != open_.end();) {
    const std::int64_t idle = now - at->second.last_ns;
    const bool over = idle >= common::to_ns(settings_.idle_s) || (idle >= kSessionGap && has_successor(at));
    at = over ? end_open(at) : std::next(at);
  }
  close_due();
}

void Batches::close_all(std::int64_t until_ns) {
  for (auto at = open_.begin(); at != open_.end();) at = end_open(at);
  close_until(until_ns);
}

Batches::Status Batches::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace imagehub
