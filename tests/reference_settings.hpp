#pragma once

#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

/// The settings files at the root of the project are the reference of the settings. A commented-out setting has its
/// name right behind the #, or that of the first in an item of a list; prose has a space there.
namespace reference_settings {

inline bool is_commented_out(const std::string& line, std::size_t hash) {
  if (hash + 1 >= line.size() || line[hash] != '#') return false;
  return line[hash + 1] == '-' || std::isalpha(static_cast<unsigned char>(line[hash + 1])) != 0;
}

/// The text with every commented-out setting made a real one.
inline std::string with_all_settings(const std::string& text) {
  std::istringstream in(text);
  std::string all;
  for (std::string line; std::getline(in, line);) {
    const auto start = line.find_first_not_of(' ');
    if (start != std::string::npos && is_commented_out(line, start)) line.erase(start, 1);
    all += line + '\n';
  }
  return all;
}

/// Dotted keys as SettingsFile::known_keys() gives them: a name that the user chose below one of `chosen` is `*`.
inline std::set<std::string> keys(const std::string& text, const std::set<std::string>& chosen) {
  std::istringstream in(text);
  std::set<std::string> found;
  std::vector<std::pair<std::size_t, std::string>> path;  // indentation and dotted key of the enclosing mappings
  for (std::string line; std::getline(in, line);) {
    auto start = line.find_first_not_of(' ');
    const auto colon = line.find(':');
    if (start == std::string::npos || colon == std::string::npos || line[start] == '#') continue;
    if (line.compare(start, 2, "- ") == 0) start += 2;
    while (!path.empty() && path.back().first >= start) path.pop_back();
    const std::string above = path.empty() ? "" : path.back().second + '.';
    const bool is_chosen = !path.empty() && chosen.contains(path.back().second);
    const std::string name = is_chosen ? "*" : line.substr(start, colon - start);
    path.emplace_back(start, above + name);
    found.insert(above + name);
  }
  return found;
}

/// The blocks of a page that begin with `key:` on a line of its own, without their indentation.
inline std::vector<std::string> examples(const std::string& page, const std::string& key) {
  std::istringstream in(page);
  std::vector<std::string> found;
  std::size_t indentation = std::string::npos;  // of the block that the line is in
  for (std::string line; std::getline(in, line);) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string::npos) continue;
    if (line.substr(start) == key + ':') {
      indentation = start;
      found.emplace_back();
    } else if (indentation != std::string::npos && start <= indentation) {
      indentation = std::string::npos;
    }
    if (indentation != std::string::npos) found.back() += line.substr(indentation) + '\n';
  }
  return found;
}

}  // namespace reference_settings
