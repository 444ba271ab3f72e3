#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "imagehub/index/clock_spans.hpp"

namespace imagehub {

/// Turns receive times into UTC, and corrects them later when the clock was not set by then: a computer without battery
/// clock starts in 1970 or last month. Rows of such a time are marked in the transaction that adds them; once the clock
/// is synchronised they are shifted by what it was wrong, those of earlier runs of the hub to the latest time that is
/// possible. Until then nobody may judge their age. docs/design/delivery.md says why this never makes a row too old.
/// Bound to the thread that commits.
class ReceiveTimes {
 public:
  ReceiveTimes(Index& index, const common::Clock& clock);

  /// Looks at the clocks; before the rows of a group are made.
  void begin_group();
  /// UTC, as the clock is in this group.
  std::int64_t utc_ns(std::int64_t monotonic_ns) const { return monotonic_ns + offset_ns_; }

  /// Marks a row when the clock is not set; inside the transaction that adds it, in the order of ids.
  void added(const char* table, std::int64_t row, std::int64_t received_ns);
  /// Writes the marks; inside that transaction.
  void write();
  /// The transaction is through.
  void committed();

  /// Whether there are rows whose receive times may be wrong.
  bool uncertain() const { return uncertain_; }
  /// When the clock is synchronised: a bounded piece of the correction.
  void correct();

 private:
  struct Open {
    ClockSpan span;
    std::int64_t offset_ns = 0;
  };
  void decide(std::vector<ClockSpan> spans);

  ClockSpans spans_;
  Index& index_;
  const common::Clock& clock_;
  bool uncertain_ = false;
  bool doubtful_ = false;
  std::int64_t filed_ns_ = 0;                     ///< when the group began
  std::int64_t offset_ns_ = 0;                    ///< UTC less the monotonic clock
  std::map<std::int64_t, std::int64_t> offsets_;  ///< by the ids of this run's spans
  std::map<std::string, Open> open_;              ///< the span that grows, by table
  std::vector<Open> touched_;                     ///< in the transaction under way; the last one of a table is open
};

}  // namespace imagehub
