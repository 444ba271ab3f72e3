#include "imagehub/care/salvage_spans.hpp"

#include <optional>

namespace imagehub {
namespace {

/// Nobody has so many rows; a mark of more would never end.
constexpr std::int64_t kMaxRow = std::int64_t{1} << 40;
/// Their places in kSpanColumns.
constexpr int kKind = 1;
constexpr int kShift = 6;

/// Nothing when its values are impossible: it would shift what it is not about.
std::optional<ClockSpan> span_in(SQLite::Statement& row) {
  for (int i = 0; i <= kShift; ++i) {
    const SQLite::Column value = row.getColumn(i);
    const bool possible = i == kKind ? value.isText() : value.isInteger() || (i == kShift && value.isNull());
    if (!possible) return std::nullopt;
  }
  const ClockSpan span = read_span(row);
  const bool known = span.table == "images" || span.table == "events" || span.table == "batches";
  const bool sound = span.first_row > 0 && span.first_row <= span.last_row && span.last_row <= kMaxRow;
  return known && sound ? std::optional(span) : std::nullopt;
}

}  // namespace

void SalvageSpans::read(SalvageSource& source, bool older) {
  Spans found;
  const bool whole = source.has("clock_spans", "kind") &&
                     source.each_from_both_ends(kSpanColumns, "clock_spans", "id", [&](SQLite::Statement& row) {
                       if (const auto span = span_in(row)) found[{span->table, span->last_row}] = *span;
                     });
  if (!whole) found.clear();
  of_older_.clear();
  if (older) {
    of_older_ = std::move(found);
    return;
  }
  of_damaged_ = std::move(found);
  for (auto& [key, span] : of_damaged_) save_span(db_, span);
}

const ClockSpan* SalvageSpans::of(const Spans& spans, const std::string& table, std::int64_t row) {
  const auto at = spans.lower_bound({table, row});
  return at != spans.end() && at->first.first == table && at->second.first_row <= row ? &at->second : nullptr;
}

/// What the damaged index has marked, it had not corrected, so its mark is right for the row of a backup too. Else it
/// is left open how much the row's time lacks: it counts as the latest that is possible. last_ns in the place of
/// first_ns keeps the mark from being a bound of earlier rows, which it knows nothing of.
void SalvageSpans::took(const std::string& table, std::int64_t row) {
  const ClockSpan* span = of(of_older_, table, row);
  if (span == nullptr || of(of_damaged_, table, row) != nullptr) return;
  const bool grows = !taken_.empty() && taken_.back().table == table && taken_.back().last_row + 1 == row &&
                     taken_.back().last_ns == span->last_ns;
  if (!grows) taken_.push_back({0, table, row, row, span->last_ns, span->last_ns, std::nullopt});
  taken_.back().last_row = row;
}

void SalvageSpans::write() {
  for (ClockSpan& span : taken_) save_span(db_, span);
  taken_.clear();
}

}  // namespace imagehub
