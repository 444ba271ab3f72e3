#pragma once

#include <string>

namespace YAML {
class Node;
}

namespace common {

/// The YAML document in a text of settings, small enough that all work on it ends soon: its size is bounded, its
/// nesting, and what it grows to when each alias is replaced by what it stands for. Throws SettingsError with the place
/// of what is wrong; `name` is that of the file.
YAML::Node parse_yaml(const std::string& text, const std::string& name);

}  // namespace common
