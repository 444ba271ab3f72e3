// json: an object for each row, such as {"temperature": 21.5, "state": "open"}. A key with dots reaches into objects
// within: `name: sensor.temperature`.

#include <nlohmann/json.hpp>
#include <set>

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;
using nlohmann::json;

constexpr int kMaxDepth = 16;

struct JsonSettings {
  std::vector<Field> fields;
  bool refuse_extra = false;
};

/// Nothing when it is none; nesting without end would be a way to take our stack.
std::optional<json> parsed(std::string_view text) {
  const auto callback = [](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) throw std::length_error("nested too deep");
    return true;
  };
  try {
    json object = json::parse(text, callback, false);
    if (object.is_object()) return object;
  } catch (const std::length_error&) {
  }
  return std::nullopt;
}

/// The value of `name`, or of `a.b` in the object under `a`.
const json* find(const json& object, const std::string& name) {
  if (const auto at = object.find(name); at != object.end()) return &*at;
  const auto dot = name.find('.');
  if (dot == std::string::npos) return nullptr;
  const auto inner = object.find(name.substr(0, dot));
  return inner != object.end() && inner->is_object() ? find(*inner, name.substr(dot + 1)) : nullptr;
}

/// As it stands in the row: a text without its quotes, True as 1 where a number is wanted.
std::string value_of(const json& value, FieldType wanted) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() && wanted != FieldType::text) return value.get<bool>() ? "1" : "0";
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

class JsonFormat final : public LineFormat {
 public:
  explicit JsonFormat(JsonSettings settings) : settings_(std::move(settings)) {
    for (const Field& field : settings_.fields) known_.insert(field.name.substr(0, field.name.find('.')));
  }

  const std::vector<Field>& fields() const override { return settings_.fields; }

  Parsed parse(std::string_view frame, Row& row) override {
    const auto object = parsed(frame);
    if (!object) return Parsed::bad("not a JSON object");
    const auto& fields = settings_.fields;
    clear(row, fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const json* value = find(*object, fields[i].name);
      if (value == nullptr || value->is_null()) return Parsed::bad(cat(fields[i].name, " is missing"));
      if (auto wrong = put_value(fields[i], value_of(*value, fields[i].type), i, row)) return Parsed::bad(*wrong);
    }
    if (settings_.refuse_extra) {
      for (const auto& [key, value] : object->items()) {
        if (!known_.contains(key) && !known_.contains(key.substr(0, key.find('.')))) {
          return Parsed::bad(cat(common::escaped(key), " is not among the fields"));
        }
      }
    }
    return {};
  }

 private:
  const JsonSettings settings_;
  std::set<std::string> known_;
};

FormatKind read_settings(common::Section& section) {
  JsonSettings settings;
  settings.fields = read_fields(section);
  section.read_choice("extra_fields", {"ignore", "refuse"}, settings.refuse_extra);
  return {[settings] { return std::make_unique<JsonFormat>(settings); }};
}

const RegisterFormat registered("json", read_settings);

}  // namespace
}  // namespace imagenode
