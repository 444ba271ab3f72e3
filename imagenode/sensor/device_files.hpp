#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"

/// Files in which the kernel shows hardware: short texts, folders with names. Failures to read throw std::system_error
/// with the driver's own error. Thread-safe.
namespace imagenode {

/// The beginning of the file, at most 4 KB, without the space around it.
std::string read_device_text(common::FileSystem& files, const std::filesystem::path& file);

/// Throws SensorError when the file's first word is no number.
double read_device_number(common::FileSystem& files, const std::filesystem::path& file);

/// The same, nothing when there is no such file.
std::optional<double> read_number_if_there(common::FileSystem& files, const std::filesystem::path& file);

/// Names below the folder that begin so, sorted; none when there is no such folder.
std::vector<std::string> names_below(common::FileSystem& files, const std::filesystem::path& folder,
                                     const std::string& beginning);

/// "28-00001, 28-00002"
std::string listed(const std::vector<std::string>& names);

}  // namespace imagenode
