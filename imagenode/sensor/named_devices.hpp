#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/file_system.hpp"

namespace imagenode {

/// Folders of the class (bus/iio/devices, class/hwmon) whose file `name` or `label`, or whose own name, is this one;
/// sorted.
std::vector<std::filesystem::path> devices_named(common::FileSystem& files, const std::filesystem::path& folder,
                                                 const std::string& name);

/// The only one of these. Throws SensorError that says what there is and which setting chooses.
std::filesystem::path only_device(common::FileSystem& files, const std::filesystem::path& folder,
                                  const std::string& name, const std::string& setting);

}  // namespace imagenode
