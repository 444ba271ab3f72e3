#include "common/settings_changes.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <stdexcept>
#include <system_error>

#include "common/files.hpp"
#include "common/settings_reader.hpp"
#include "common/text.hpp"
#include "common/yaml_document.hpp"

namespace common {
namespace {

using Values = std::map<std::string, std::string>;

/// The same text for the same value, and for no other: the length before each word says where it ends.
void describe(const YAML::Node& value, std::string& out) {
  if (value.IsScalar()) {
    out += cat(value.Scalar().size(), ':', value.Scalar());
  } else if (value.IsSequence()) {
    out += '[';
    for (const auto& item : value) describe(item, out);
    out += ']';
  } else if (value.IsMap()) {
    out += '{';
    for (const auto& pair : value) {
      describe(pair.first, out);
      describe(pair.second, out);
    }
    out += '}';
  } else {
    out += '~';
  }
}

/// As the reader of settings sees it: a key without a value, or with None, is not given.
void add(const std::string& key, const YAML::Node& value, Values& values) {
  if (value.IsNull() || (value.IsScalar() && value.Scalar() == "None")) return;
  describe(value, values[key]);
}

Values values_in(const std::string& text) {
  Values values;
  const YAML::Node document = parse_yaml(text, "settings");
  if (!document.IsMap()) return values;
  for (const auto& section : document) {
    const std::string& name = section.first.Scalar();
    if (!section.second.IsMap()) {
      add(name, section.second, values);
      continue;
    }
    for (const auto& pair : section.second) add(cat(name, '.', pair.first.Scalar()), pair.second, values);
  }
  return values;
}

}  // namespace

SettingsText read_settings(const std::filesystem::path& file) {
  try {
    return {file, read_text_file(file)};
  } catch (const std::system_error&) {
    throw SettingsError(cat(file.string(),
                            ": there is no such settings file, or it cannot be read; "
                            "name another with --config FILE or --path DIR"));
  }
}

std::vector<std::string> changed_keys(const std::string& before, const std::string& now) {
  const Values a = values_in(before);
  const Values b = values_in(now);
  Values differing;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(differing, differing.end()));
  std::vector<std::string> keys;
  for (const auto& [key, value] : differing) keys.push_back(key);
  return keys;
}

std::vector<std::string> keys_beyond(const std::vector<std::string>& keys, const std::set<std::string>& live) {
  std::vector<std::string> beyond;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(beyond), [&](const std::string& key) {
    return !live.contains(key) && !live.contains(key.substr(0, key.find('.')) + ".*");
  });
  return beyond;
}

void require_live(const std::vector<std::string>& keys, const std::set<std::string>& live, const std::string& program) {
  const auto beyond = keys_beyond(keys, live);
  if (beyond.empty()) return;
  throw std::runtime_error(cat(listed(beyond), ": a change needs a restart of the ", program, "; nothing was changed"));
}

std::string listed(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : ", ") + escaped(key);
  return out.empty() ? "nothing" : out;
}

}  // namespace common
