#include "imagenode/link/spool_row.hpp"

#include "common/database.hpp"
#include "common/wire.hpp"

namespace imagenode {
namespace {

common::Payload payload_with(SQLite::Statement& query, std::int64_t id) {
  query.tryReset();
  query.bind(1, id);
  if (!query.executeStep()) return {};
  const SQLite::Column column = query.getColumn(0);
  const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
  common::Payload payload(common::Bytes(bytes, bytes + column.getBytes()));
  query.reset();
  return payload;
}

}  // namespace

common::MessagePtr restored(SQLite::Statement& row, SQLite::Statement& payload_query, const std::string& kernel,
                            const common::Clock& clock) {
  const auto payload = payload_with(payload_query, row.getColumn(6).getInt64());
  auto decoded = common::decode_message(row.getColumn(5).getString(), payload);
  auto* message = std::get_if<common::Message>(&decoded);
  if (message == nullptr || !message->seq || static_cast<std::int64_t>(*message->seq) != row.getColumn(1).getInt64()) {
    return nullptr;
  }
  message->late = row.getColumn(2).getInt() != 0;
  const std::int64_t monotonic_ns = row.getColumn(4).getInt64();
  if (row.getColumn(7).getString() == kernel) {
    message->monotonic_ns = monotonic_ns;
    return std::make_shared<const common::Message>(std::move(*message));
  }
  std::int64_t time_ns = 0;
  if (!message->clock_synchronised && !row.isColumnNull(8) &&
      !__builtin_add_overflow(monotonic_ns, row.getColumn(8).getInt64(), &time_ns) && time_ns > 0) {
    message->time_ns = time_ns;
    message->clock_synchronised = true;
  }
  const bool age_known = message->clock_synchronised && clock.synchronised();
  message->monotonic_ns = age_known ? message->time_ns - clock.utc_of(0) : 0;
  return std::make_shared<const common::Message>(std::move(*message));
}

}  // namespace imagenode
