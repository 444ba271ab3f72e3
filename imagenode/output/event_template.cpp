#include "imagenode/output/event_template.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <utility>

#include "common/clock.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::Message;

constexpr std::string_view kField = "field.";
constexpr std::string_view kUnix = "unix";

std::string type_of(const Message& event) {
  const auto fields = common::split_text(event.text);
  return std::string(fields.size() > 1 ? fields[1] : "");
}

std::string detail_of(const Message& event) {
  const auto fields = common::split_text(event.text);
  if (fields.size() < 3) return "";
  return event.text.substr(static_cast<std::size_t>(fields[2].data() - event.text.data()));
}

using Value = std::string (*)(const Message& event);

const std::map<std::string, Value, std::less<>>& values() {
  static const std::map<std::string, Value, std::less<>> known{
      {"text", [](const Message& event) { return event.text; }},
      {"node", [](const Message& event) { return event.node; }},
      {"view", [](const Message& event) { return event.view; }},
      {"source", [](const Message& event) { return event.source; }},
      {"type", type_of},
      {"detail", detail_of},
      {"time", [](const Message& event) { return common::log_stamp(event.time_ns); }}};
  return known;
}

bool is_number_place(std::string_view name) {
  return name == kUnix || (name.starts_with(kField) && name.size() > kField.size());
}

std::optional<double> number_at(std::string_view name, const Message& event) {
  const std::int64_t milliseconds = event.time_ns / common::kMillisecond;
  if (name == kUnix) return static_cast<double>(milliseconds) / 1e3;
  const auto field = event.fields.find(std::string(name.substr(kField.size())));
  if (field == event.fields.end()) return std::nullopt;
  return field->second;
}

}  // namespace

EventTemplate::EventTemplate(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      plain += c;
    } else if (text.substr(at + 1, 1) == std::string_view(&c, 1)) {
      plain += c;
      ++at;
    } else {
      const auto end = text.find('}', at);
      const std::string name(text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
      if (c == '}' || end == std::string_view::npos || (!values().contains(name) && !is_number_place(name))) {
        throw std::runtime_error(cat("\"", common::escaped(text),
                                     "\" has braces around what no event has; known are {text}, {node}, {view}, "
                                     "{source}, {type}, {detail}, {time}, {unix}, and {field.NAME} for a number; a "
                                     "brace itself is written twice"));
      }
      if (!plain.empty()) parts_.push_back({false, std::exchange(plain, {})});
      parts_.push_back({true, name});
      at = end;
    }
  }
  if (!plain.empty()) parts_.push_back({false, plain});
}

std::string EventTemplate::filled(const Message& event) const {
  std::string out;
  for (const Part& part : parts_) {
    if (!part.is_place) {
      out += part.text;
    } else if (is_number_place(part.text)) {
      if (const auto value = number_at(part.text, event)) out += cat(*value);
    } else {
      out += values().at(part.text)(event);
    }
  }
  return out;
}

bool EventTemplate::is_number() const {
  return parts_.size() == 1 && parts_.front().is_place && is_number_place(parts_.front().text);
}

std::optional<double> EventTemplate::number(const Message& event) const {
  return is_number() ? number_at(parts_.front().text, event) : std::nullopt;
}

bool EventTemplate::is_fixed() const {
  return std::none_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.is_place; });
}

}  // namespace imagenode
