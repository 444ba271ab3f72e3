#pragma once

#include <set>
#include <string>
#include <vector>

#include "imagenode/settings.hpp"
#include "imagenode/view_commands.hpp"

/// What a running node does with its settings file when it is told to read it again. Main thread only.
namespace imagenode {

/// What differs between the settings that are in use and those of the file.
struct SettingsChange {
  NodeSettings now;
  std::vector<std::string> keys;  ///< changed_keys()
};

/// Reads the file of these settings again. Throws std::runtime_error with the reason, short enough for an event, when
/// it is wrong or holds a change that only a restart can make: then nothing may be changed. All that is wrong is
/// logged.
SettingsChange read_again(const NodeSettings& in_use);

/// Whether it is one of how the hub is reached: then the link, and nothing else of the delivery, is made anew.
bool changes_link(const SettingsChange& change);

/// Has the cameras run as the settings say: those that changed are made anew, also those that a command had changed,
/// those that are gone end, new ones start, all others go on undisturbed. Throws std::exception, with all cameras as
/// they were, when one of them cannot be made.
void renew_cameras(Views& views, const SettingsChange& change, const MakeView& make_view);

}  // namespace imagenode
