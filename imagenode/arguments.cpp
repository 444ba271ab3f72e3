#include "imagenode/arguments.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "common/service.hpp"
#include "common/version.hpp"

namespace imagenode {

std::optional<int> parse_arguments(int argc, char** argv, Arguments& arguments) {
  const char* home = std::getenv("HOME");
  arguments.directory = home == nullptr ? "." : home;
  CLI::App app{
      "imagenode watches cameras, detects what matters and sends it to a hub.\n"
      "It runs until it gets SIGTERM or Ctrl-C."};
  app.set_version_flag("--version", common::version());
  app.add_option("--config", arguments.config, "settings file");
  app.add_option("-p,--path", arguments.directory, "folder that holds imagenode.yaml (default: the home folder)");
  app.add_flag("--check-config", arguments.check_config, "read the settings, report every problem, and end");
  app.add_flag("--demo", arguments.demo, "run as usual, but have the hub only show what is sent, and nobody store it");
  app.add_flag("--test", arguments.test, "save one picture of each camera beside the settings, and end");
  app.add_option("--replay", arguments.replay, "run a camera's detectors over this video and print their events");
  app.add_option("--camera", arguments.camera, "label of the camera for --replay (default: the only one)");
  app.footer(
      "Exit status: 0 done, 1 failed, 64 wrong use, 78 the settings are wrong.\n"
      "Examples: imagenode --path /etc/imagenode\n"
      "          imagenode --replay yard.avi --camera W1\n"
      "          imagenode --demo     then `imagehub live` on the hub's computer shows what comes\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? common::kExitOk : common::kExitUsage;
  }
  return std::nullopt;
}

}  // namespace imagenode
