#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace imagenode {

/// The command line.
struct Arguments {
  std::filesystem::path config;
  std::filesystem::path directory;
  bool check_config = false;
  bool test = false;
  bool demo = false;
  std::filesystem::path replay;
  std::string camera;

  std::filesystem::path settings_file() const { return config.empty() ? directory / "imagenode.yaml" : config; }
};

/// Reads the command line; the exit status when there is nothing more to do (help, version, wrong use).
std::optional<int> parse_arguments(int argc, char** argv, Arguments& arguments);

}  // namespace imagenode
