#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

namespace SQLite {
class Statement;
}

namespace imagehub {

/// Rows with ids in a row that one run of the hub received while its clock was not set and did not step.
struct ClockSpan {
  std::int64_t id = 0;
  std::string table;  ///< images or events
  std::int64_t first_row = 0;
  std::int64_t last_row = 0;
  std::int64_t first_ns = 0;             ///< when the first of them was filed, by that clock
  std::int64_t last_ns = 0;              ///< the latest receive time
  std::optional<std::int64_t> shift_ns;  ///< what receive times lack; known once the clock was set
};

/// The columns of a span, in the order in which read_span() takes them.
inline constexpr const char* kSpanColumns = "id, kind, first_row, last_row, first_ns, last_ns, shift_ns";
ClockSpan read_span(SQLite::Statement& row);
/// Writes it in the place of the one with its id; gives a new one its id.
void save_span(SQLite::Database& index, ClockSpan& span);

/// The marks of rows whose receive times are not to be trusted. Bound to the thread that commits, as the Index; changes
/// happen inside a transaction of it.
class ClockSpans {
 public:
  explicit ClockSpans(Index& index) : index_(index) {}

  /// In the order of their rows, which is that of their making: ids tell nothing of the latter after a salvage.
  std::vector<ClockSpan> all();
  /// Gives a new one its id.
  void save(ClockSpan& span) { save_span(index_.database(), span); }
  void remove(const ClockSpan& span);

  /// Adds the span's shift to the receive times of at most so many of its rows, which leave the span, and counts their
  /// bytes on the days on which they came indeed.
  void shift_some(ClockSpan span, std::int64_t rows);

 private:
  void count_days(std::int64_t first_row, std::int64_t last_row, int sign);

  Index& index_;
};

}  // namespace imagehub
