#include "imagehub/filing/batch_retention.hpp"

#include <algorithm>
#include <system_error>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

/// Folders removed in one round: it takes the committing thread a few milliseconds.
constexpr std::size_t kMaxBatches = 16;
/// More nodes than a farm ever has; those behind them are not looked at.
constexpr std::size_t kMaxNodes = 100'000;

}  // namespace

BatchRetention::BatchRetention(Index& index, common::BatchStore& store, Reserve& reserve)
    : index_(index), deletions_(index), rows_(index), store_(store), reserve_(reserve) {}

void BatchRetention::recover() {
  const std::string failure = finish();
  if (!failure.empty()) common::log::error(common::cat("retention cannot remove old rows: ", failure));
}

BatchRetention::Deleted BatchRetention::round(const RetentionSettings& settings, std::int64_t now_ns,
                                              double free_bytes) {
  Deleted deleted;
  deleted.failure = finish();
  if (!deleted.failure.empty()) return deleted;
  const std::vector<Old> old = chosen(settings, now_ns, free_bytes);
  reserve_.spend([&] {
    Index::Transaction transaction(index_);
    for (const Old& one : old) deletions_.mark(one.batch.id);
    transaction.commit();
  });
  for (const Old& one : old) {
    ++deleted.batches[one.reason];
    deleted.bytes += one.batch.bytes;
  }
  deleted.failure = finish();
  deleted.more = old.size() == kMaxBatches && deleted.failure.empty();
  return deleted;
}

/// The oldest of all nodes beyond their limits.
std::vector<BatchRetention::Old> BatchRetention::chosen(const RetentionSettings& settings, std::int64_t now_ns,
                                                        double free_bytes) {
  const ClassRetention& limits = settings.data;
  auto totals = deletions_.totals(kMaxNodes);
  if (!settings.include_adopted) std::erase_if(totals, [](const BatchTotal& total) { return total.adopted; });
  ClassRetention::Rooms over_max_gb;
  for (const BatchTotal& total : totals) over_max_gb[limits.room_of(total.node)] += static_cast<double>(total.bytes);
  limits.take_max_gb(over_max_gb);
  const auto reason = [&](const std::string& node, std::int64_t received_ns) {
    return limits.reason_to_delete(node, received_ns, now_ns, over_max_gb, free_bytes);
  };
  std::vector<OldBatch> candidates;
  for (const BatchTotal& total : totals) {
    if (reason(total.node, total.oldest_received_ns) == nullptr) continue;
    const auto oldest = deletions_.oldest(total.node, total.adopted, kMaxBatches);
    candidates.insert(candidates.end(), oldest.begin(), oldest.end());
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const OldBatch& a, const OldBatch& b) { return a.received_ns < b.received_ns; });
  std::vector<Old> old;
  for (OldBatch& batch : candidates) {
    if (old.size() == kMaxBatches) break;
    const char* why = reason(batch.node, batch.received_ns);
    if (why == nullptr) continue;
    over_max_gb[limits.room_of(batch.node)] -= static_cast<double>(batch.bytes);
    free_bytes += static_cast<double>(batch.bytes);
    old.push_back({std::move(batch), why});
  }
  return old;
}

/// Removes the folders of marked rows, and then these. Why a folder could not be removed; empty when all were.
std::string BatchRetention::finish() {
  std::vector<std::int64_t> removed;
  std::string failure;
  for (const OldBatch& batch : deletions_.marked()) {
    try {
      store_.remove(batch.path);
      removed.push_back(batch.id);
    } catch (const std::system_error& error) {
      failure = error.what();
    }
  }
  if (removed.empty()) return failure;
  reserve_.spend([&] {
    Index::Transaction transaction(index_);
    for (const std::int64_t id : removed) rows_.remove(id);
    transaction.commit();
  });
  return failure;
}

}  // namespace imagehub
