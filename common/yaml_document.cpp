#include "common/yaml_document.hpp"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/settings_reader.hpp"
#include "common/text.hpp"

namespace common {
namespace {

constexpr std::size_t kMaxBytes = 512 * 1024;
constexpr int kMaxDepth = 32;

/// Adds up the document as a reader will see it. Aliases share nodes, so that a few lines may stand for more than any
/// memory holds, or a node may hold itself.
class Measure {
 public:
  explicit Measure(std::string name) : name_(std::move(name)) {}

  void add(const YAML::Node& node, int depth = 0) {
    if (depth > kMaxDepth) refuse(node, cat("nested deeper than ", kMaxDepth));
    ++size_;
    if (node.IsScalar()) size_ += node.Scalar().size();
    if (size_ > kMaxBytes) refuse(node, "too large, counting each alias as what it stands for");
    if (node.IsSequence()) {
      for (const auto& item : node) add(item, depth + 1);
    } else if (node.IsMap()) {
      for (const auto& pair : node) {
        add(pair.first, depth + 1);
        add(pair.second, depth + 1);
      }
    }
  }

 private:
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& why) const {
    const YAML::Mark at = node.Mark();
    throw SettingsError(cat(name_, ':', at.line + 1, ':', at.column + 1, ": ", why));
  }

  std::string name_;
  std::size_t size_ = 0;
};

using Json = nlohmann::json;

/// How yaml-cpp marks a scalar without quotes and tag.
constexpr const char* kPlain = "?";

Json scalar_as_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() != kPlain) return text;
  if (text == "True" || text == "False") return text == "True";
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

Json as_json(const YAML::Node& node) {
  if (node.IsScalar()) return scalar_as_json(node);
  Json value;  // null
  if (node.IsSequence()) {
    value = Json::array();
    for (const auto& item : node) value.push_back(as_json(item));
  } else if (node.IsMap()) {
    value = Json::object();
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) throw std::runtime_error("a key must be a plain name");
      const std::string& key = pair.first.Scalar();
      if (!value.emplace(key, as_json(pair.second)).second) throw std::runtime_error(escaped(key) + " stands twice");
    }
  }
  return value;
}

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& name) {
  if (text.size() > kMaxBytes) {
    throw SettingsError(cat(name, ": has ", text.size(), " bytes; a settings file has at most ", kMaxBytes));
  }
  try {
    YAML::Node document = YAML::Load(text);
    Measure(name).add(document);
    return document;
  } catch (const YAML::Exception& error) {
    throw SettingsError(cat(name, ':', error.mark.line + 1, ':', error.mark.column + 1, ": ", escaped(error.msg)));
  }
}

std::optional<std::string> yaml_tuple(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (!node.IsSequence()) return std::nullopt;
  std::string text = "[";
  for (const auto& item : node) {
    const auto part = yaml_tuple(item);
    if (!part) return std::nullopt;
    text += *part + ',';
  }
  return text + ']';
}

std::string yaml_as_json(const YAML::Node& node) {
  return as_json(node).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace common
