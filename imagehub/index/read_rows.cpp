#include "imagehub/index/read_rows.hpp"

namespace imagehub {
namespace {

std::string select(const std::string& table, const std::string& own_columns) {
  return "SELECT t.id, b.boot, t.seq, t.node, t.view, t.source, t.text, t.time_ns, t.received_ns, t.clock_error_us, "
         "t.late, t.payload_crc, t.fields, t.units, t.adopted, " +
         own_columns + " FROM " + table + " t LEFT JOIN boots b ON b.id = t.boot_id ";
}

void read_base(SQLite::Statement& query, RowBase& row) {
  row.id = query.getColumn(0).getInt64();
  if (!query.isColumnNull(1)) {
    row.identity = Identity{from_sql(query.getColumn(1).getInt64()), from_sql(query.getColumn(2).getInt64())};
  }
  row.node = query.getColumn(3).getString();
  row.view = query.getColumn(4).getString();
  row.source = query.getColumn(5).getString();
  row.text = query.getColumn(6).getString();
  row.time_ns = query.getColumn(7).getInt64();
  row.received_ns = query.getColumn(8).getInt64();
  if (!query.isColumnNull(9)) row.clock_error_us = query.getColumn(9).getInt64();
  row.late = query.getColumn(10).getInt() != 0;
  row.payload_crc = static_cast<std::uint32_t>(query.getColumn(11).getInt64());
  row.fields = query.getColumn(12).getString();
  row.units = query.getColumn(13).getString();
  row.adopted = query.getColumn(14).getInt() != 0;
}

constexpr int kOwn = kBaseColumnCount + 1;

void read_own(SQLite::Statement& query, ImageRow& row) {
  row.path = query.getColumn(kOwn).getString();
  row.bytes = from_sql(query.getColumn(kOwn + 1).getInt64());
  const std::int64_t crc = query.getColumn(kOwn + 2).getInt64();
  if (crc != kNoCrc) row.crc = static_cast<std::uint32_t>(crc);
  row.incoming = query.getColumn(kOwn + 3).getString();
}

void read_own(SQLite::Statement& query, EventRow& row) {
  row.log_day = query.getColumn(kOwn).getString();
  row.log_offset = query.getColumn(kOwn + 1).getInt64();
}

}  // namespace

const std::string kSelectImages = select("images", "t.path, t.bytes, t.crc, t.incoming");
const std::string kSelectEvents = select("events", "t.log_day, t.log_offset");

template <typename Row>
std::vector<Row> read_rows(SQLite::Statement& query) {
  std::vector<Row> rows;
  while (query.executeStep()) {
    Row& row = rows.emplace_back();
    read_base(query, row);
    read_own(query, row);
  }
  return rows;
}

template std::vector<ImageRow> read_rows(SQLite::Statement& query);
template std::vector<EventRow> read_rows(SQLite::Statement& query);

}  // namespace imagehub
