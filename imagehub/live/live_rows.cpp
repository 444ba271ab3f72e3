#include "imagehub/live/live_rows.hpp"

#include <algorithm>
#include <utility>

#include "common/message_rows.hpp"

namespace imagehub {
namespace {

constexpr double kNsPerSecond = 1e9;
/// What a row or a series takes beside its texts, about: without it empty ones would not be bounded.
constexpr std::size_t kRowBytes = 48;
constexpr std::size_t kSeriesBytes = 512;

std::size_t cost(std::string_view row) {
  return row.size() + kRowBytes;
}

/// The last ID, by the sender's word.
std::optional<double> told_last_id(const common::Message& message) {
  const auto first = message.fields.find("first_id");
  const auto rows = message.fields.find("rows");
  if (first == message.fields.end() || rows == message.fields.end()) return std::nullopt;
  return first->second + rows->second - 1;
}

}  // namespace

void LiveRows::add(const common::Message& message) {
  if (message.payload.size() > limits_.message_bytes) return;
  const Key key{message.node, message.view, message.source};
  if (has_all(key, message)) return;
  const auto read = common::rows_of(message);
  if (const auto* rows = std::get_if<common::MessageRows>(&read)) add(key, message, rows->chunk);
}

/// Most chunks that are stored bring what was shown before: they need not be read once more for that.
bool LiveRows::has_all(const Key& key, const common::Message& message) const {
  const auto last = told_last_id(message);
  if (!last) return false;
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  return at != entries_.end() && at->second.boot == message.boot.value_or(0) && at->second.last_id &&
         *last <= static_cast<double>(*at->second.last_id);
}

void LiveRows::add(const Key& key, const common::Message& message, const common::RowChunk& chunk) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = entries_.try_emplace(key);
  Entry& entry = at->second;
  const std::uint64_t boot = message.boot.value_or(0);
  if (fresh || entry.header != chunk.header) begin(entry, key, chunk.header);
  if (entry.boot != boot) entry.last_id.reset();
  entry.boot = boot;
  entry.demo = message.demo;
  entry.last_ns = clock_.monotonic_ns();
  for (const common::Row& row : chunk.rows) {
    if (entry.last_id && row.id <= *entry.last_id) continue;
    entry.last_id = row.id;
    push(entry, row.text);
  }
  make_room(key);
}

/// Rows of other columns than before.
void LiveRows::begin(Entry& entry, const Key& key, std::string_view header) {
  bytes_ -= entry.bytes;
  entry.rows.clear();
  entry.header = header;
  entry.bytes = kSeriesBytes + 2 * (key.node.size() + key.view.size() + key.source.size()) + header.size();
  bytes_ += entry.bytes;
}

void LiveRows::push(Entry& entry, std::string_view row) {
  entry.rows.emplace_back(row);
  ++entry.position;
  entry.bytes += cost(row);
  bytes_ += cost(row);
  while (entry.rows.size() > 1 && (entry.rows.size() > limits_.rows || entry.bytes > limits_.bytes)) {
    const std::size_t freed = cost(entry.rows.front());
    entry.bytes -= freed;
    bytes_ -= freed;
    entry.rows.pop_front();
  }
}

/// The series that was silent for longest goes.
void LiveRows::make_room(const Key& newest) {
  while (entries_.size() > 1 && (entries_.size() > limits_.series || bytes_ > limits_.all_bytes)) {
    const auto older = [&](const auto& a, const auto& b) {
      return std::pair(a.first == newest, a.second.last_ns) < std::pair(b.first == newest, b.second.last_ns);
    };
    const auto oldest = std::min_element(entries_.begin(), entries_.end(), older);
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
  }
}

std::vector<LiveRows::Series> LiveRows::all() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  std::vector<Series> all;
  for (const auto& [key, entry] : entries_) {
    all.push_back({key, entry.header, entry.rows.empty() ? "" : entry.rows.back(), entry.position,
                   static_cast<double>(now - entry.last_ns) / kNsPerSecond, entry.demo});
  }
  return all;
}

LiveRows::News LiveRows::news(const Entry& entry, std::size_t rows) {
  const auto count = std::min(rows, entry.rows.size());
  return {entry.header, {entry.rows.end() - static_cast<std::ptrdiff_t>(count), entry.rows.end()}, entry.position, 0};
}

std::optional<LiveRows::News> LiveRows::since(const Key& key, std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  const Entry& entry = at->second;
  if (position > entry.position) return news(entry, entry.rows.size());
  const std::uint64_t missing = entry.position - position;
  News found = news(entry, missing);
  found.skipped = missing - found.rows.size();
  return found;
}

std::optional<LiveRows::News> LiveRows::last(const Key& key, std::size_t rows) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  return news(at->second, rows);
}

}  // namespace imagehub
