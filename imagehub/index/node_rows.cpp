#include "imagehub/index/index.hpp"
#include "imagehub/index/read_rows.hpp"

/// The Index's part that keeps what is known of nodes.
namespace imagehub {

std::vector<common::NodeRecord> Index::nodes() {
  SQLite::Statement query(database(),
                          "SELECT node, first_seen_ns, last_seen_ns, version, host, heartbeat_s, lost, images, events, "
                          "bytes FROM nodes");
  std::vector<common::NodeRecord> rows;
  while (query.executeStep()) {
    rows.push_back({query.getColumn(0).getString(), query.getColumn(1).getInt64(), query.getColumn(2).getInt64(),
                    query.getColumn(3).getString(), query.getColumn(4).getString(), query.getColumn(5).getDouble(),
                    query.getColumn(6).getInt() != 0, from_sql(query.getColumn(7).getInt64()),
                    from_sql(query.getColumn(8).getInt64()), from_sql(query.getColumn(9).getInt64())});
  }
  return rows;
}

void Index::save(const common::NodeRecord& row) {
  SQLite::Statement write(database(), "INSERT OR REPLACE INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?)");
  write.bind(1, row.node);
  write.bind(2, row.first_seen_ns);
  write.bind(3, row.last_seen_ns);
  write.bind(4, row.version);
  write.bind(5, row.host);
  write.bind(6, row.heartbeat_s);
  write.bind(7, row.lost ? 1 : 0);
  write.bind(8, to_sql(row.images));
  write.bind(9, to_sql(row.events));
  write.bind(10, to_sql(row.bytes));
  write.exec();
}

}  // namespace imagehub
