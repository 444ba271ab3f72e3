#pragma once

#include <string>

namespace imagehub {

/// The hub's answer (JSON) as a table for people: nodes, rates, queue, drops, disk.
std::string format_status(const std::string& json);

}  // namespace imagehub
