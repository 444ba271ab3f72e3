#pragma once

#include <optional>
#include <string>

namespace YAML {
class Node;
}

namespace common {

/// The YAML document in a text of settings, small enough that all work on it ends soon: its size is bounded, its
/// nesting, and what it grows to when each alias is replaced by what it stands for. Throws SettingsError with the place
/// of what is wrong; `name` is that of the file.
YAML::Node parse_yaml(const std::string& text, const std::string& name);

/// A value of scalars and lists as the text of a tuple: YAML cuts `[(65,2), (100,25)]` at each comma. Nothing when
/// there is a mapping in it.
std::optional<std::string> yaml_tuple(const YAML::Node& node);

/// Any value as JSON. Plain numbers, true, false and null are what they are there; all else, and what is quoted, is a
/// text. Throws std::runtime_error when a key stands twice, or is no plain name.
std::string yaml_as_json(const YAML::Node& node);

}  // namespace common
