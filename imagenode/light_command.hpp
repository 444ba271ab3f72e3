#pragma once

#include <memory>
#include <string>
#include <vector>

#include "imagenode/command_runner.hpp"
#include "imagenode/output/lamp.hpp"

namespace imagenode {

/// `Light <name> on|off|auto`: the light of that label or name is so until it is told otherwise; `auto` is what its
/// settings say. Throws std::exception when there is no such light.
CommandProgress switch_light(const std::vector<std::unique_ptr<Lamp>>& lamps, const std::string& arguments);

}  // namespace imagenode
