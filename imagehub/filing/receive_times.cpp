#include "imagehub/filing/receive_times.hpp"

#include <algorithm>
#include <cstdlib>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

/// Smaller steps are not worth a change of rows.
constexpr std::int64_t kSmallStep = common::kSecond;
/// Rows changed in one transaction: it keeps the committing thread for some tenths of a second at most.
constexpr std::int64_t kRowsAtOnce = 5000;

}  // namespace

ReceiveTimes::ReceiveTimes(Index& index, const common::Clock& clock)
    : spans_(index), index_(index), clock_(clock), uncertain_(!spans_.all().empty()) {}

void ReceiveTimes::begin_group() {
  // In this order: a clock that is set in between counts as doubtful, and what it is corrected by is nothing.
  doubtful_ = !clock_.synchronised();
  const std::int64_t now_ns = clock_.monotonic_ns();
  filed_ns_ = clock_.utc_of(now_ns);
  offset_ns_ = filed_ns_ - now_ns;
  touched_.clear();
}

void ReceiveTimes::added(const char* table, std::int64_t row, std::int64_t received_ns) {
  if (!doubtful_) return;
  auto at =
      std::find_if(touched_.rbegin(), touched_.rend(), [&](const Open& open) { return open.span.table == table; });
  if (at == touched_.rend()) {
    if (const auto known = open_.find(table); known != open_.end()) {
      touched_.push_back(known->second);
      at = touched_.rbegin();
    }
  }
  const bool grows =
      at != touched_.rend() && at->span.last_row + 1 == row && std::abs(at->offset_ns - offset_ns_) < kSmallStep;
  if (!grows) {
    touched_.push_back({{0, table, row, row, filed_ns_, received_ns, {}}, offset_ns_});
    return;
  }
  at->span.last_row = row;
  at->span.last_ns = std::max(at->span.last_ns, received_ns);
}

void ReceiveTimes::write() {
  for (Open& open : touched_) spans_.save(open.span);
}

void ReceiveTimes::committed() {
  for (Open& open : touched_) {
    offsets_[open.span.id] = open.offset_ns;
    uncertain_ = true;
    open_[open.span.table] = open;
  }
  touched_.clear();
}

void ReceiveTimes::correct() {
  if (!uncertain_ || !clock_.synchronised()) return;
  const auto undecided = [](const ClockSpan& span) { return !span.shift_ns; };
  auto spans = spans_.all();
  if (std::any_of(spans.begin(), spans.end(), undecided)) {
    decide(std::move(spans));
    spans = spans_.all();
  }
  std::int64_t left = kRowsAtOnce;
  Index::Transaction transaction(index_);
  for (auto span = spans.begin(); span != spans.end() && left > 0; ++span) {
    spans_.shift_some(*span, left);
    left -= std::min(left, span->last_row - span->first_row + 1);
  }
  transaction.commit();
  uncertain_ = !spans_.all().empty();
}

/// How much the rows of each span are to be shifted. Of this run that is exact: the monotonic clock went on. A row of
/// an earlier run came at the latest now, and before the first row of the span behind it was filed: that one may have
/// been received long before.
void ReceiveTimes::decide(std::vector<ClockSpan> spans) {
  const std::int64_t offset_ns = clock_.utc_of(0);
  const std::int64_t now_ns = offset_ns + clock_.monotonic_ns();
  std::map<std::string, std::int64_t> latest{{"images", now_ns}, {"events", now_ns}, {"batches", now_ns}};
  std::int64_t largest_ns = 0;
  Index::Transaction transaction(index_);
  std::reverse(spans.begin(), spans.end());
  for (ClockSpan& span : spans) {
    if (span.shift_ns) continue;
    std::int64_t& bound_ns = latest[span.table];
    const auto own = offsets_.find(span.id);
    span.shift_ns = own != offsets_.end() ? offset_ns - own->second : bound_ns - span.last_ns;
    bound_ns = std::min(bound_ns, span.first_ns + *span.shift_ns);
    largest_ns = std::max(largest_ns, std::abs(*span.shift_ns));
    std::abs(*span.shift_ns) < kSmallStep ? spans_.remove(span) : spans_.save(span);
  }
  transaction.commit();
  // What comes while the clock is doubtful again begins new ones.
  open_.clear();
  offsets_.clear();
  if (largest_ns < kSmallStep) return;
  common::log::info(common::cat("the clock is set: receive times of what came before are corrected, by up to ",
                                largest_ns / common::kSecond, " s"));
}

}  // namespace imagehub
