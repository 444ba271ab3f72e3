#include "common/wire.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/clock.hpp"
#include "common/crc32c.hpp"
#include "common/jpeg.hpp"
#include "common/text.hpp"

namespace common {
namespace {

using nlohmann::json;

/// 2000-01-01: a clock that says less was never set (a Pi without battery begins in 1970), whatever its kernel
/// believes.
constexpr std::int64_t kEarliestTime = 946'684'800 * kSecond;
constexpr std::int64_t kLongestAge = std::int64_t{10} * 366 * 86'400 * 1'000'000;
constexpr std::size_t kMaxNameBytes = 8192;
constexpr std::size_t kMaxFields = 256;

/// Thrown inside the decoder only; becomes a Refusal.
struct Refused {
  std::string reason;
  std::string detail;
};

/// Nesting depth by counting brackets outside strings: parsing comes after this.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

/// Reads our keys from the metadata object, refusing wrong types and absurd values.
class Metadata {
 public:
  explicit Metadata(const json& object) : object_(object) {}

  const json* find(const char* key) const {
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }

  std::string string(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) refuse(key, "is not a string");
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > kMaxNameBytes) refuse(key, "is too long");
    return text;
  }

  /// A name that becomes a field of a text, so it must not end that field.
  std::string name(const char* key) const {
    std::string text = string(key);
    if (text.find('|') != std::string::npos) refuse(key, "holds a |");
    return text;
  }

  std::optional<std::int64_t> integer(const char* key, std::int64_t low, std::int64_t high) const {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) refuse(key, "is not a whole number");
    const bool above =
        value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    if (above || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
      refuse(key, cat("is not within ", low, " and ", high));
    }
    return value->get<std::int64_t>();
  }

  bool boolean(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) refuse(key, "is not true or false");
    return value->get<bool>();
  }

  std::optional<std::uint64_t> boot() const {
    const json* value = find("boot");
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse("boot", "is not a string");
    const auto& text = value->get_ref<const std::string&>();
    std::uint64_t boot = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), boot, 16);
    if (text.size() != 16 || error != std::errc{} || end != text.data() + text.size()) {
      refuse("boot", "is not 16 hexadecimal digits");
    }
    return boot;
  }

  std::map<std::string, double> fields() const {
    std::map<std::string, double> fields;
    for (const auto& [name, value] : items("fields")) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) refuse("fields", "holds what is not a number");
      fields.emplace(name, value.get<double>());
    }
    return fields;
  }

  std::map<std::string, std::string> units() const {
    std::map<std::string, std::string> units;
    for (const auto& [name, value] : items("units")) {
      if (!value.is_string()) refuse("units", "holds what is not a string");
      units.emplace(name, value.get<std::string>());
    }
    return units;
  }

  std::optional<ArrayForm> array_form() const {
    const json* shape = find("shape");
    const std::string dtype = string("dtype");
    if (shape == nullptr && dtype.empty()) return std::nullopt;
    if (shape == nullptr || dtype.empty()) refuse("shape", "and dtype belong together");
    if (!shape->is_array() || shape->size() > 8) refuse("shape", "is not a list of at most 8 sizes");
    ArrayForm form{dtype, {}};
    for (const auto& size : *shape) {
      if (!size.is_number_integer() || (size.is_number_unsigned() && size.get<std::uint64_t>() > INT64_MAX) ||
          size.get<std::int64_t>() < 0) {
        refuse("shape", "holds what is not a size");
      }
      form.shape.push_back(size.get<std::int64_t>());
    }
    return form;
  }

  [[noreturn]] static void refuse(const char* key, const std::string& why) {
    throw Refused{cat("bad ", key), cat(key, ' ', why)};
  }

 private:
  json::object_t items(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_object() || value->size() > kMaxFields)
      refuse(key, cat("is not an object of at most ", kMaxFields, " entries"));
    return value->get<json::object_t>();
  }

  const json& object_;
};

void check_array(const ArrayForm& form, std::size_t payload_bytes) {
  const auto sample_size = dtype_size(form.dtype);
  if (!sample_size) throw Refused{"bad dtype", cat("dtype ", escaped(form.dtype), " is not a numeric numpy type")};
  auto bytes = static_cast<std::uint64_t>(*sample_size);
  for (const std::int64_t size : form.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) {
      throw Refused{"bad shape", "shape is larger than any memory"};
    }
  }
  if (bytes != payload_bytes) {
    throw Refused{"shape mismatch", cat("shape and dtype need ", bytes, " bytes, the payload has ", payload_bytes)};
  }
}

/// node and view by our keys, else by the text: node up to the first space, view the rest.
void name_sender(const Metadata& metadata, Message& message) {
  message.node = metadata.name("node");
  message.view = metadata.name("view");
  if (!message.node.empty()) return;
  const std::string_view first = trimmed(split_text(message.text).front());
  const auto space = first.find(' ');
  if (first.size() > kMaxNameBytes) throw Refused{"bad msg", "the name in msg is too long"};
  message.node = first.substr(0, space);
  if (space != std::string_view::npos) message.view = first.substr(space + 1);
}

void check_text(std::string_view text, Kind kind) {
  if (kind == Kind::tuning) return;
  const auto fields = split_text(text);
  if (trimmed(fields[0]).empty() || trimmed(fields[1]).empty()) {
    throw Refused{"empty field", "the text has an empty node or type"};
  }
}

json parse(std::string_view metadata) {
  if (metadata.size() > kMaxMetadataBytes) {
    throw Refused{"metadata too large", cat(metadata.size(), " bytes, allowed are ", kMaxMetadataBytes)};
  }
  if (nesting_depth(metadata) > kMaxMetadataDepth) {
    throw Refused{"metadata too deep", cat("nested deeper than ", kMaxMetadataDepth)};
  }
  json object = json::parse(metadata, nullptr, false);
  if (object.is_discarded()) throw Refused{"invalid JSON", "the first frame is not JSON in UTF-8"};
  if (!object.is_object()) throw Refused{"not an object", "the first frame is JSON, but not an object"};
  return object;
}

void fill(const Metadata& metadata, const Payload& payload, Message& message) {
  const json* text = metadata.find("msg");
  if (text == nullptr) throw Refused{"no msg", "the metadata has no msg"};
  if (!text->is_string()) throw Refused{"msg not a string", "msg is not a string"};
  message.text = text->get<std::string>();
  const Kind kind = kind_of(message.text, message.boot.has_value());
  check_text(message.text, kind);
  name_sender(metadata, message);
  message.source = metadata.name("source");
  message.content = metadata.string("content");
  message.version = metadata.string("version");
  message.host = metadata.string("host");
  message.time_ns = metadata.integer("time_ns", 0, INT64_MAX).value_or(0);
  const bool never_set = message.time_ns != 0 && message.time_ns < kEarliestTime;
  message.clock_synchronised = metadata.string("clock") != "unsynced" && !never_set;
  message.age_us = metadata.integer("age_us", 0, kLongestAge);
  message.clock_error_us = metadata.integer("clock_error_us", 0, INT64_MAX);
  message.late = metadata.boolean("late");
  message.live = metadata.boolean("live");
  message.demo = metadata.boolean("demo");
  if (message.seq && message.only_shown()) {
    Metadata::refuse(message.live ? "live" : "demo", "belongs to messages without seq: what has one is stored");
  }
  message.fields = metadata.fields();
  message.units = metadata.units();
  message.array = metadata.array_form();
  if (message.array) {
    check_array(*message.array, payload.size());
  } else if (kind == Kind::array) {
    throw Refused{"bad shape", "an image array without dtype and shape"};
  } else if (kind == Kind::jpeg && !is_whole_jpeg(payload.view())) {
    throw Refused{"not a JPEG", "the payload has no JPEG start or end marker"};
  }
  const auto crc = metadata.integer("crc", 0, UINT32_MAX);
  message.crc = crc32c(payload.view());
  if (crc && *crc != static_cast<std::int64_t>(*message.crc)) {
    throw Refused{"wrong crc", "the payload was changed on its way"};
  }
  message.payload = payload;
}

}  // namespace

std::string encode_metadata(const Message& message, std::optional<std::int64_t> age_us) {
  json object = {{"msg", message.text}};
  const auto set_text = [&](const char* key, const std::string& value) {
    if (!value.empty()) object[key] = value;
  };
  if (message.array) {
    object["dtype"] = message.array->dtype;
    object["shape"] = message.array->shape;
  }
  set_text("node", message.node);
  set_text("view", message.view);
  set_text("source", message.source);
  set_text("content", message.content);
  set_text("version", message.version);
  set_text("host", message.host);
  if (message.boot) object["boot"] = hex64(*message.boot);
  if (message.seq) object["seq"] = *message.seq;
  if (message.time_ns != 0) object["time_ns"] = message.time_ns;
  if (!message.clock_synchronised) object["clock"] = "unsynced";
  if (age_us) object["age_us"] = *age_us;
  if (message.clock_error_us) object["clock_error_us"] = *message.clock_error_us;
  if (message.late) object["late"] = true;
  if (message.live) object["live"] = true;
  if (message.demo) object["demo"] = true;
  if (!message.fields.empty()) object["fields"] = message.fields;
  if (!message.units.empty()) object["units"] = message.units;
  if (message.crc) object["crc"] = *message.crc;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::variant<Message, Refusal> decode_message(std::string_view metadata_frame, const Payload& payload) {
  Message message;
  try {
    const json object = parse(metadata_frame);
    const Metadata metadata(object);
    message.boot = metadata.boot();
    if (message.boot) {
      const auto seq = metadata.integer("seq", 1, INT64_MAX);
      if (seq) message.seq = static_cast<std::uint64_t>(*seq);
    }
    fill(metadata, payload, message);
    return message;
  } catch (const Refused& refused) {
    return Refusal{refused.reason, refused.detail, message.seq, message.boot.has_value()};
  }
}

std::optional<int> dtype_size(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, int>, 12> kSizes{{{"uint8", 1},
                                                                            {"int8", 1},
                                                                            {"bool", 1},
                                                                            {"uint16", 2},
                                                                            {"int16", 2},
                                                                            {"float16", 2},
                                                                            {"uint32", 4},
                                                                            {"int32", 4},
                                                                            {"float32", 4},
                                                                            {"uint64", 8},
                                                                            {"int64", 8},
                                                                            {"float64", 8}}};
  for (const auto& [name, size] : kSizes) {
    if (name == dtype) return size;
  }
  return std::nullopt;
}

}  // namespace common
