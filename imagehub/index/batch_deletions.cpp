#include "imagehub/index/batch_deletions.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/database.hpp"
#include "imagehub/index/read_rows.hpp"

namespace imagehub {
namespace {

std::vector<OldBatch> read(SQLite::Statement& query) {
  std::vector<OldBatch> found;
  while (query.executeStep()) {
    found.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(), query.getColumn(2).getString(),
                     from_sql(query.getColumn(3).getInt64()), query.getColumn(4).getInt64()});
  }
  query.reset();
  return found;
}

}  // namespace

struct BatchDeletions::Impl {
  explicit Impl(Index& index) : db(index.database()) {}

  SQLite::Database& db;
  SQLite::Statement totals{db,
                           "SELECT t.node, t.adopted, t.bytes, (SELECT b.received_ns FROM batches b WHERE b.node = "
                           "t.node AND b.adopted = t.adopted AND b.state IN ('complete', 'partial') AND b.incoming = "
                           "'' ORDER BY b.received_ns LIMIT 1) FROM batch_totals t WHERE t.batches > 0 LIMIT ?"};
  SQLite::Statement oldest{db,
                           "SELECT id, node, path, bytes, received_ns FROM batches WHERE node = ? AND adopted = ? AND "
                           "state IN ('complete', 'partial') AND incoming = '' ORDER BY received_ns LIMIT ?"};
  SQLite::Statement marked{db, "SELECT id, node, path, bytes, received_ns FROM batches WHERE state = 'deleting'"};
  SQLite::Statement mark{db, "UPDATE batches SET state = 'deleting' WHERE id = ?"};
};

BatchDeletions::BatchDeletions(Index& index) : impl_(std::make_unique<Impl>(index)) {}
BatchDeletions::~BatchDeletions() = default;

std::vector<BatchTotal> BatchDeletions::totals(std::size_t limit) {
  SQLite::Statement& query = impl_->totals;
  query.tryReset();
  query.bind(1, static_cast<std::int64_t>(limit));
  std::vector<BatchTotal> found;
  while (query.executeStep()) {
    found.push_back({query.getColumn(0).getString(), query.getColumn(1).getInt() != 0,
                     from_sql(query.getColumn(2).getInt64()), query.getColumn(3).getInt64()});
  }
  query.reset();
  return found;
}

std::vector<OldBatch> BatchDeletions::oldest(const std::string& node, bool adopted, std::size_t limit) {
  SQLite::Statement& query = impl_->oldest;
  query.tryReset();
  query.bind(1, node);
  query.bind(2, adopted ? 1 : 0);
  query.bind(3, static_cast<std::int64_t>(limit));
  return read(query);
}

void BatchDeletions::mark(std::int64_t id) {
  impl_->mark.bind(1, id);
  common::run(impl_->mark);
}

std::vector<OldBatch> BatchDeletions::marked() {
  impl_->marked.tryReset();
  return read(impl_->marked);
}

}  // namespace imagehub
