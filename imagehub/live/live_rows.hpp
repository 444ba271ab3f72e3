#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/rows.hpp"

namespace imagehub {

/// The newest rows of every series (node, view, source), for who looks on: from messages that are only shown, and from
/// chunks that are stored. Each row counts once, by its ID, and only when it is newer than all before it; a start of
/// the node (boot) begins anew. What is held is bounded, whatever comes; who is slow misses rows and is told how many.
/// Thread-safe.
class LiveRows {
 public:
  struct Key {
    std::string node;
    std::string view;
    std::string source;
    auto operator<=>(const Key&) const = default;
  };

  struct Limits {
    std::size_t series = 1000;
    std::size_t rows = 2000;                      ///< of a series
    std::size_t bytes = 256 * 1024;               ///< of a series; the newest row is held, however long
    std::size_t all_bytes = 32 * 1024 * 1024;     ///< of all series, names and headers included
    std::size_t message_bytes = 2 * 1024 * 1024;  ///< a larger chunk is not looked at: it would hold up others
  };

  explicit LiveRows(const common::Clock& clock) : LiveRows(clock, Limits()) {}
  LiveRows(const common::Clock& clock, const Limits& limits) : clock_(clock), limits_(limits) {}

  /// A message of class data. One that holds no rows is passed over.
  void add(const common::Message& message);

  struct Series {
    Key key;
    std::string header;
    std::string newest;      ///< row
    std::uint64_t rows = 0;  ///< since the series is held
    double age_s = 0;        ///< since the newest came
    bool demo = false;       ///< rows that are not stored
  };
  std::vector<Series> all() const;

  /// Rows as they stand in the CSV, without line ends.
  struct News {
    std::string header;
    std::vector<std::string> rows;
    std::uint64_t position = 0;  ///< to ask for the next ones
    std::uint64_t skipped = 0;   ///< rows that came meanwhile and are not held any more
  };
  /// What came behind this position; all that is held when the position is of another time. Nothing when there is no
  /// such series.
  std::optional<News> since(const Key& key, std::uint64_t position) const;
  /// The last rows, at most so many.
  std::optional<News> last(const Key& key, std::size_t rows) const;

 private:
  struct Entry {
    std::uint64_t boot = 0;
    std::optional<std::uint64_t> last_id;  ///< of this boot
    std::string header;
    std::deque<std::string> rows;
    std::size_t bytes = 0;       ///< of all that is held of it
    std::uint64_t position = 0;  ///< of the newest row: the first is 1
    std::int64_t last_ns = 0;    ///< monotonic
    bool demo = false;
  };
  using Entries = std::map<Key, Entry>;

  bool has_all(const Key& key, const common::Message& message) const;
  void add(const Key& key, const common::Message& message, const common::RowChunk& chunk);
  void begin(Entry& entry, const Key& key, std::string_view header);
  void push(Entry& entry, std::string_view row);
  void make_room(const Key& newest);
  static News news(const Entry& entry, std::size_t rows);

  const common::Clock& clock_;
  const Limits limits_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::size_t bytes_ = 0;
};

}  // namespace imagehub
