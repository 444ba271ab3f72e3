#pragma once

#include <string>
#include <vector>

#include "imagehub/settings.hpp"

/// What a running hub does with its settings file when it is told to read it again (SIGHUP). Main thread only.
namespace imagehub {

/// What differs between the settings that are in use and those of the file.
struct SettingsChange {
  HubSettings now;
  std::vector<std::string> keys;  ///< changed_keys()

  bool has(const std::string& key) const;
  /// Whether a key of this section is among them.
  bool has_any_of(const std::string& section) const;
};

/// Reads the file of these settings again. Throws std::runtime_error when it is wrong, or holds a change that only a
/// restart can make: then nothing may be changed.
SettingsChange read_again(const HubSettings& in_use);

}  // namespace imagehub
