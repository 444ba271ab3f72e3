#include "imagenode/messages.hpp"

#include <utility>

#include "common/text.hpp"

namespace imagenode {

using common::cat;

Messages::Messages(std::string node, TinyPicture tiny) : node_(std::move(node)), tiny_(std::move(tiny)) {}

common::Message Messages::event(const std::string& sender, const std::string& view, const std::string& what) const {
  common::Message message;
  message.text = cat(common::trimmed(sender), '|', what);
  message.node = node_;
  message.view = view;
  message.payload = tiny_.payload;
  message.array = tiny_.array;
  return message;
}

common::Message Messages::event(const Reading& reading) const {
  common::Message message = event(reading.sender_is_source ? cat(node_, ' ', reading.source) : node_, "", reading.text);
  message.source = reading.source;
  message.fields = reading.fields;
  message.units = reading.units;
  message.time_ns = reading.time_ns;
  message.monotonic_ns = reading.monotonic_ns;
  return message;
}

common::Message Messages::samples(const Reading& reading) const {
  const Grid& grid = reading.grid.value();
  common::Message message;
  message.text = cat(node_, "|samples|", reading.source);
  message.node = node_;
  message.source = reading.source;
  message.fields = reading.fields;
  message.units = reading.units;
  if (!grid.unit.empty()) message.units["samples"] = grid.unit;
  message.time_ns = reading.time_ns;
  message.monotonic_ns = reading.monotonic_ns;
  message.array = common::ArrayForm{"float32", {grid.rows, grid.columns}};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(grid.values.data());
  message.payload = common::Payload(common::Bytes(bytes, bytes + grid.values.size() * sizeof(float)));
  return message;
}

common::Message Messages::rows(const Chunk& chunk) const {
  common::Message message;
  message.text = cat(node_, "|data|", chunk.line);
  message.node = node_;
  message.source = chunk.line;
  message.content = "text/csv";
  message.fields = {{"first_id", static_cast<double>(chunk.first_id)}, {"rows", static_cast<double>(chunk.rows)}};
  message.time_ns = chunk.first.utc_ns;
  message.monotonic_ns = chunk.first.monotonic_ns;
  message.payload = common::Payload(common::Bytes(chunk.csv.begin(), chunk.csv.end()));
  return message;
}

}  // namespace imagenode
