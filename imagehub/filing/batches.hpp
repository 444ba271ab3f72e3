#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/batch_store.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/message.hpp"
#include "common/rows.hpp"
#include "imagehub/index/batch_rows.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

struct BatchSettings : common::BatchLimits {
  double idle_s = 600;  ///< a batch to which nothing came for so long is closed
};

/// Makes batches of the rows that come. For each group of messages: append() their rows, sync(), write() inside the
/// transaction that makes their identities known, then committed(); undo() instead, when any of it failed. So rows are
/// there if and only if their identity is. A batch that is full, or whose session or columns have ended, is closed
/// afterwards: sealed, its row given its place, the folder renamed there. What fails of that is tried again, and does
/// not touch what was acknowledged. Bound to the thread that commits; status() is thread-safe.
class Batches {
 public:
  Batches(const BatchSettings& settings, Index& index, common::BatchStore& store, Reserve& reserve,
          const common::Clock& clock);

  /// After a stop or a crash: closes what was open and removes what was never acknowledged. Once, before everything
  /// else; returns how many folders were removed.
  std::size_t recover();

  /// `time_ns` is that of the first row, for names, when rows do not tell it: 0 when they do. Throws std::system_error,
  /// and the index's exceptions.
  void append(const common::Message& message, const common::RowChunk& rows, std::int64_t time_ns,
              std::int64_t received_ns);
  void sync() { store_.sync(); }
  void write();
  void committed();
  void undo();
  /// Id and receive time of the batches that write() added.
  const std::vector<std::pair<std::int64_t, std::int64_t>>& added() const { return added_; }

  /// Closes those that are due, with those whose closing failed before. Never throws: what fails is said and kept.
  void close_due() { close_until(std::numeric_limits<std::int64_t>::max()); }
  /// The same, and those to which nothing comes any more.
  void close_idle();
  /// All, since nothing more will come; what is not closed at this monotonic time, the next start closes.
  void close_all(std::int64_t until_ns);

  struct Status {
    std::uint64_t open = 0;
    std::uint64_t complete = 0;  ///< closed since the start
    std::uint64_t partial = 0;
    std::uint64_t lost = 0;
    std::uint64_t rows = 0;  ///< filed since the start
  };
  Status status() const;

 private:
  /// Node, view, source, boot, and whether it was late: rows of one key come in order.
  using Key = std::tuple<std::string, std::string, std::string, std::uint64_t, bool>;
  struct Open {
    BatchRow row;
    std::int64_t last_ns = 0;    ///< monotonic, when something was appended last
    std::size_t first_file = 0;  ///< the first that the group under way changed
  };
  using OpenBatches = std::map<Key, Open>;

  Open& batch_for(const Key& key, std::string_view header, std::int64_t time_ns, std::int64_t received_ns, bool gone);
  Open begun(const Key& key, std::string_view header, std::int64_t time_ns, std::int64_t received_ns,
             std::uint64_t number);
  /// How many rows went into the batch's current file.
  std::size_t append_some(Open& open, const std::vector<common::Row>& rows, std::size_t from);
  void rescue(const std::string& incoming);
  void end(OpenBatches::iterator at);
  OpenBatches::iterator end_open(OpenBatches::iterator at);
  bool has_successor(OpenBatches::const_iterator at) const;
  void close_until(std::int64_t until_ns);
  void close(BatchRow& row);
  void finish(BatchRow& row);
  void save(BatchRow& row);

  const BatchSettings settings_;
  Index& index_;
  BatchRows rows_;
  common::BatchStore& store_;
  Reserve& reserve_;
  const common::Clock& clock_;
  common::RateGate gate_{60 * common::kSecond};

  OpenBatches open_;
  std::vector<BatchRow> closing_;  ///< nothing more is appended to them

  // The group under way: what open_ and closing_ become when it is committed.
  OpenBatches changed_;
  std::vector<Open> ended_;
  std::vector<std::string> folders_;  ///< made for it
  std::uint64_t appended_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> added_;

  mutable std::mutex mutex_;
  Status status_;
};

}  // namespace imagehub
