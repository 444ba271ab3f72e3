#include "imagehub/filing/row_of.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "common/clock.hpp"

namespace imagehub {
namespace {

template <typename Map>
std::string to_json(const Map& map) {
  if (map.empty()) return {};
  return nlohmann::json(map).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::optional<Identity> identity_of(const common::Message& message) {
  if (!message.boot || !message.seq) return std::nullopt;
  return Identity{*message.boot, *message.seq};
}

std::int64_t capture_time(const common::Message& message, std::int64_t received_ns) {
  if (message.time_ns != 0 && message.clock_synchronised) return message.time_ns;
  return received_ns - message.age_us.value_or(0) * common::kMicrosecond;
}

void fill(RowBase& row, const common::Message& message, std::int64_t received_ns) {
  row.identity = identity_of(message);
  row.node = message.node;
  row.view = message.view;
  row.source = message.source;
  row.text = message.text;
  row.time_ns = capture_time(message, received_ns);
  row.received_ns = received_ns;
  row.clock_error_us = message.clock_error_us;
  row.late = message.late;
  row.payload_crc = message.crc.value_or(0);
  row.fields = to_json(message.fields);
  row.units = to_json(message.units);
}

}  // namespace imagehub
