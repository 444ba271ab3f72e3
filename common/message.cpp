#include "common/message.hpp"

namespace common {

std::vector<std::string_view> split_text(std::string_view text) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto bar = text.find('|');
    fields.push_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return fields;
    text.remove_prefix(bar + 1);
  }
}

Kind kind_of(std::string_view text, bool has_boot) {
  const auto bar = text.find('|');
  if (bar == std::string_view::npos) return Kind::tuning;
  const auto rest = text.substr(bar + 1);
  const auto type = rest.substr(0, rest.find('|'));
  if (type.empty()) return Kind::event;
  switch (type.front()) {
    case 'H':
      return Kind::heartbeat;
    case 'i':
      return Kind::array;
    case 'j':
      return Kind::jpeg;
    default:
      break;
  }
  if (has_boot && type == "data") return Kind::data;
  if (has_boot && type == "samples") return Kind::samples;
  return Kind::event;
}

DeliveryClass delivery_class(Kind kind) {
  switch (kind) {
    case Kind::jpeg:
    case Kind::array:
      return DeliveryClass::image;
    case Kind::data:
    case Kind::samples:
      return DeliveryClass::data;
    default:
      return DeliveryClass::event;
  }
}

const char* name_of(DeliveryClass delivery_class) {
  switch (delivery_class) {
    case DeliveryClass::event:
      return "event";
    case DeliveryClass::data:
      return "data";
    case DeliveryClass::image:
      return "image";
  }
  return "";
}

}  // namespace common
