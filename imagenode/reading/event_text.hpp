#pragma once

#include <string>

#include "common/settings_reader.hpp"

namespace imagenode {

/// Reports a text, or the beginning of one, which hubs would not take for an event when it stands behind a node's name:
/// they look at its beginning to know what a message is. An empty one is good.
void check_event_text(common::Section& section, const char* key, const std::string& text);

}  // namespace imagenode
