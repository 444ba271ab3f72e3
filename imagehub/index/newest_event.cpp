#include "imagehub/index/newest_event.hpp"

#include "imagehub/index/read_rows.hpp"

namespace imagehub {

std::optional<EventRow> newest_event(Index& index, std::int64_t after,
                                     const std::function<bool(const EventRow&)>& wanted) {
  constexpr std::int64_t kAtOnce = 1000;
  SQLite::Statement query(index.database(), kSelectEvents + "WHERE t.id > ? AND t.id < ? ORDER BY t.id DESC LIMIT ?");
  for (std::int64_t before = INT64_MAX;;) {
    query.bind(1, after);
    query.bind(2, before);
    query.bind(3, kAtOnce);
    const auto rows = read_rows<EventRow>(query);
    query.reset();
    if (rows.empty()) return std::nullopt;
    for (const EventRow& row : rows) {
      if (wanted(row)) return row;
    }
    before = rows.back().id;
  }
}

}  // namespace imagehub
