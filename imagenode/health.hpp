#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace imagenode {

/// How the computer is doing, as numbers with units; what it cannot tell is left out. Read from below `root`
/// ("/" but in tests). Thread-safe.
struct Health {
  std::map<std::string, double> fields;
  std::map<std::string, std::string> units;
};
Health read_health(const std::filesystem::path& root = "/");

/// What the Restart event tells: "<hostname>|<RPi|Ubuntu|Linux>|<ip>|<RAM in MB>|<hours since boot>".
std::string describe_system(const std::filesystem::path& root = "/");

std::string host_name();

}  // namespace imagenode
