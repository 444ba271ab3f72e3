#include "imagenode/line/line_rows.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "common/names.hpp"
#include "common/rows.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

/// A chunk of long rows is sent before it has all of them: messages are kept in memory.
constexpr std::size_t kMaxBytes = 1'000'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

LineRows::LineRows(const LineSettings& settings, const LineSeams& seams, LineSinks sinks, const common::Clock& clock)
    : settings_(settings),
      sinks_(std::move(sinks)),
      clock_(clock),
      format_(settings.format.make()),
      chunk_(settings.label, format_->fields()),
      rejects_(seams.folder / common::path_component(settings.label),
               std::uint64_t{1024} * static_cast<std::uint64_t>(settings.rejects_kb), seams.files) {
  reading_.source = settings_.label;
  for (const Field& field : format_->fields()) {
    if (!field.unit.empty() && field.type != FieldType::text) reading_.units[field.name] = field.unit;
  }
}

void LineRows::stream_begins(int stream) {
  streams_.insert_or_assign(stream, Stream{settings_.framing(), settings_.skip_first});
}

void LineRows::stream_goes_on(int stream) {
  streams_.insert_or_assign(stream, Stream{settings_.framing(), false});
}

bool LineRows::stream_bytes(int stream, std::string_view bytes) {
  bytes_ += bytes.size();
  current_ = &streams_.at(stream);
  return current_->framing->take(bytes, Moment::now(clock_), *this);
}

void LineRows::stream_ends(int stream) {
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  if (at->second.framing->pending() > 0) ++counts_.cut;
  streams_.erase(at);
}

void LineRows::frame(std::string_view bytes, const Moment& first) {
  if (std::exchange(current_->skip_next, false)) return;
  const Parsed parsed = format_->parse(bytes, row_);
  if (parsed.what == Parsed::What::bad) bad_frame(bytes, first, parsed.reason);
  if (parsed.what != Parsed::What::row) return;
  if (!chunk_.add(last_id_ + 1, first, row_)) {
    bad_frame(bytes, first, common::cat("longer than a hub takes (", common::RowLimits::kRowBytes, " bytes)"));
    return;
  }
  ++last_id_;
  ++counts_.rows;
  give_reading(first);
  const bool full = chunk_.chunk().rows >= static_cast<std::size_t>(settings_.chunk_rows);
  if (full || chunk_.chunk().csv.size() >= kMaxBytes) flush();
}

void LineRows::bad_frame(std::string_view bytes, const Moment& first, const std::string& reason) {
  if (std::exchange(current_->skip_next, false)) return;
  ++counts_.rejected;
  rejects_.add(first, bytes, reason);
}

void LineRows::give_reading(const Moment& moment) {
  reading_.time_ns = moment.utc_ns;
  reading_.monotonic_ns = moment.monotonic_ns;
  reading_.clock_synchronised = moment.synchronised;
  const auto& fields = format_->fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (std::isfinite(row_.numbers[i])) reading_.fields[fields[i].name] = row_.numbers[i];
  }
  sinks_.reading(reading_);
}

void LineRows::succeed(const LineRows& before) {
  last_id_ = before.last_id_;
  counts_.rows = before.counts_.rows.load();
  counts_.rejected = before.counts_.rejected.load();
  counts_.cut = before.counts_.cut.load();
}

std::size_t LineRows::pending() const {
  std::size_t all = 0;
  for (const auto& [number, stream] : streams_) all += stream.framing->pending();
  return all;
}

std::int64_t LineRows::live_due_ns() const {
  return sinks_.live && chunk_.fresh_rows() > 0 ? chunk_.first_fresh().monotonic_ns + kLiveDelay : kNever;
}

std::int64_t LineRows::chunk_due_ns() const {
  if (chunk_.chunk().rows == 0) return kNever;
  return chunk_.chunk().first.monotonic_ns + common::to_ns(settings_.chunk_seconds);
}

void LineRows::tick() {
  const std::int64_t now = clock_.monotonic_ns();
  if (now >= chunk_due_ns()) flush();
  if (now >= live_due_ns()) sinks_.live(chunk_.newest());
}

/// A chunk none of whose rows was shown yet brings them sooner than they are due. When some were, the others are shown
/// beside it: a chunk may have to wait for its turn, and they would come after rows that are newer.
void LineRows::flush() {
  if (chunk_.chunk().rows == 0) return;
  const bool rest = chunk_.fresh_rows() > 0 && chunk_.fresh_rows() < chunk_.chunk().rows;
  if (rest) sinks_.live(chunk_.newest());
  sinks_.chunk(chunk_.take());
}

}  // namespace imagenode
