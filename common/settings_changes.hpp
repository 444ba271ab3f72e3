#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

/// What differs between two versions of a settings file, for a program that reads it again while it runs.
namespace common {

/// A settings file as it was read.
struct SettingsText {
  std::filesystem::path file;
  std::string text;
};

/// Throws SettingsError when there is no such file.
SettingsText read_settings(const std::filesystem::path& file);

/// Keys whose values differ, or that one of the two texts does not give: `hub.patience`, `cameras.P1`, `hub_address`.
/// Of each section that is a mapping, the keys in it; what lies deeper belongs to them. Comments, quotes and layout do
/// not matter. Throws SettingsError when one of them is not YAML.
std::vector<std::string> changed_keys(const std::string& before, const std::string& now);

/// Those of the keys that `live` does not name; `retention.*` names all of a section.
std::vector<std::string> keys_beyond(const std::vector<std::string>& keys, const std::set<std::string>& live);

/// Throws std::runtime_error, "hub.address, hub.writers: a change needs a restart of the hub; nothing was changed",
/// when there are any such keys.
void require_live(const std::vector<std::string>& keys, const std::set<std::string>& live, const std::string& program);

/// For the log: "cameras.P1, node.heartbeat"; "nothing" when there are none.
std::string listed(const std::vector<std::string>& keys);

}  // namespace common
