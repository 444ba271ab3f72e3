#include "imagehub/index/batch_rows.hpp"

#include <array>

#include "common/database.hpp"
#include "imagehub/index/read_batches.hpp"
#include "imagehub/index/read_rows.hpp"

namespace imagehub {
namespace {

/// By BatchState.
constexpr std::array<const char*, 5> kStates{"open", "complete", "partial", "lost", "deleting"};

BatchState state_of(const std::string& name) {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (name == kStates[i]) return static_cast<BatchState>(i);
  }
  return BatchState::partial;
}

}  // namespace

const std::string kSelectBatches =
    "SELECT id, node, view, source, boot, number, late, state, header, time_ns, first_ns, last_ns, received_ns, path, "
    "incoming, adopted FROM batches ";

std::vector<BatchRow> read_batches(SQLite::Database& db, SQLite::Statement& query) {
  std::vector<BatchRow> rows;
  while (query.executeStep()) {
    BatchRow& row = rows.emplace_back();
    row.id = query.getColumn(0).getInt64();
    row.batch.node = query.getColumn(1).getString();
    row.batch.view = query.getColumn(2).getString();
    row.batch.source = query.getColumn(3).getString();
    row.batch.boot = from_sql(query.getColumn(4).getInt64());
    row.batch.number = from_sql(query.getColumn(5).getInt64());
    row.late = query.getColumn(6).getInt() != 0;
    row.state = state_of(query.getColumn(7).getString());
    row.batch.complete = row.state == BatchState::complete;
    row.batch.header = query.getColumn(8).getString();
    row.batch.time_ns = query.getColumn(9).getInt64();
    row.batch.first_ns = query.getColumn(10).getInt64();
    row.batch.last_ns = query.getColumn(11).getInt64();
    row.received_ns = query.getColumn(12).getInt64();
    row.path = query.getColumn(13).getString();
    row.incoming = query.getColumn(14).getString();
    row.adopted = query.getColumn(15).getInt() != 0;
  }
  SQLite::Statement files(db, "SELECT name, rows, bytes, sha256 FROM batch_files WHERE batch_id = ? ORDER BY number");
  for (BatchRow& row : rows) {
    files.bind(1, row.id);
    while (files.executeStep()) {
      row.batch.files.push_back({files.getColumn(0).getString(), from_sql(files.getColumn(1).getInt64()),
                                 from_sql(files.getColumn(2).getInt64()), files.getColumn(3).getString()});
    }
    files.reset();
  }
  return rows;
}

struct BatchRows::Impl {
  explicit Impl(Index& index) : db(index.database()) {}

  void save_row(BatchRow& row) {
    const common::Batch& batch = row.batch;
    if (row.id == 0) {
      write_row.bind(1);
    } else {
      write_row.bind(1, row.id);
    }
    write_row.bindNoCopy(2, batch.node);
    write_row.bindNoCopy(3, batch.view);
    write_row.bindNoCopy(4, batch.source);
    write_row.bind(5, to_sql(batch.boot));
    write_row.bind(6, to_sql(batch.number));
    write_row.bind(7, row.late ? 1 : 0);
    write_row.bind(8, kStates[static_cast<std::size_t>(row.state)]);
    write_row.bindNoCopy(9, batch.header);
    write_row.bind(10, batch.time_ns);
    write_row.bind(11, batch.first_ns);
    write_row.bind(12, batch.last_ns);
    write_row.bind(13, row.received_ns);
    write_row.bind(14, to_sql(batch.rows()));
    write_row.bind(15, to_sql(batch.bytes()));
    write_row.bindNoCopy(16, row.path);
    write_row.bindNoCopy(17, row.incoming);
    write_row.bind(18, row.adopted ? 1 : 0);
    common::run(write_row);
    if (row.id == 0) row.id = db.getLastInsertRowid();
  }

  SQLite::Database& db;
  /// received_ns of a row that is there may have been corrected since.
  SQLite::Statement write_row{
      db,
      "INSERT INTO batches(id, node, view, source, boot, number, late, state, header, time_ns, first_ns, last_ns, "
      "received_ns, rows, bytes, path, incoming, adopted) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
      "ON CONFLICT(id) DO UPDATE SET state = excluded.state, first_ns = excluded.first_ns, last_ns = excluded.last_ns, "
      "rows = excluded.rows, bytes = excluded.bytes, path = excluded.path, incoming = excluded.incoming"};
  SQLite::Statement write_file{db, "INSERT OR REPLACE INTO batch_files VALUES (?,?,?,?,?,?)"};
  SQLite::Statement number{db,
                           "SELECT max(number) FROM batches WHERE boot = ? AND node = ? AND view = ? AND source = ?"};
};

BatchRows::BatchRows(Index& index) : impl_(std::make_unique<Impl>(index)) {}
BatchRows::~BatchRows() = default;

void BatchRows::save(BatchRow& row, std::size_t first_file) {
  impl_->save_row(row);
  SQLite::Statement& write = impl_->write_file;
  for (std::size_t i = first_file; i < row.batch.files.size(); ++i) {
    const common::BatchFile& file = row.batch.files[i];
    write.bind(1, row.id);
    write.bind(2, static_cast<std::int64_t>(i + 1));
    write.bindNoCopy(3, file.name);
    write.bind(4, to_sql(file.rows));
    write.bind(5, to_sql(file.bytes));
    write.bindNoCopy(6, file.sha256);
    common::run(write);
  }
}

void BatchRows::remove(std::int64_t id) {
  for (const char* sql : {"DELETE FROM batch_files WHERE batch_id = ?", "DELETE FROM batches WHERE id = ?"}) {
    SQLite::Statement remove(impl_->db, sql);
    remove.bind(1, id);
    common::run(remove);
  }
}

std::vector<BatchRow> BatchRows::unfinished() {
  SQLite::Statement query(impl_->db, kSelectBatches + "WHERE incoming <> '' ORDER BY id");
  return read_batches(impl_->db, query);
}

std::uint64_t BatchRows::last_number(const common::Batch& batch) {
  SQLite::Statement& query = impl_->number;
  query.tryReset();
  query.bind(1, to_sql(batch.boot));
  query.bindNoCopy(2, batch.node);
  query.bindNoCopy(3, batch.view);
  query.bindNoCopy(4, batch.source);
  const std::uint64_t found = query.executeStep() ? from_sql(query.getColumn(0).getInt64()) : 0;
  query.reset();
  return found;
}

}  // namespace imagehub
