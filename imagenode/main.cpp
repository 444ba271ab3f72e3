#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "common/files.hpp"
#include "common/log.hpp"
#include "common/process_lock.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagenode/grab_test.hpp"
#include "imagenode/node.hpp"
#include "imagenode/opencv_setup.hpp"
#include "imagenode/replay_camera.hpp"
#include "imagenode/settings.hpp"

namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path config;
  fs::path directory;
  bool check_config = false;
  bool test = false;
  fs::path replay;
  std::string camera;

  fs::path settings_file() const { return config.empty() ? directory / "imagenode.yaml" : config; }
};

/// One settings file runs one node: two would send the same views twice.
common::ProcessLock lock_settings(const fs::path& file) {
  struct stat state {};
  ::stat(file.c_str(), &state);
  return {common::cat("imagenode-settings:", state.st_dev, ':', state.st_ino), "settings file " + file.string()};
}

int run_node(const imagenode::NodeSettings& settings, const fs::path& file) {
  common::StopSignals signals;
  common::log::start();
  const common::ProcessLock lock = lock_settings(file);
  if (settings.print_settings) std::cout << describe(settings) << std::flush;
  for (const auto& note : settings.notes) common::log::info(note);
  const common::SystemClock clock;
  common::Liveness liveness;
  imagenode::Node node(settings, clock, liveness);
  node.start();
  common::log::info(common::cat("imagenode ", common::version(), " runs node ", settings.name, " with ",
                                settings.views.size(), " camera(s)"));
  common::run_until_stopped(signals, liveness, [&] { node.tick(); });
  const common::StopDeadline deadline(liveness, static_cast<std::int64_t>((settings.shutdown_timeout_s + 5) * 1e9));
  node.stop();
  return common::kExitOk;
}

int run(const Arguments& arguments) {
  const fs::path file = arguments.settings_file();
  const auto settings = imagenode::load_node_settings(file);
  if (arguments.check_config) {
    std::cout << "the settings are good\n";
    return common::kExitOk;
  }
  if (!arguments.replay.empty()) {
    imagenode::replay_camera(settings, arguments.camera, arguments.replay, std::cout, std::cerr);
    return common::kExitOk;
  }
  if (arguments.test) {
    std::vector<imagenode::CameraSettings> cameras;
    for (const auto& view : settings.views) cameras.push_back(view.camera);
    const common::SystemClock clock;
    const bool good = imagenode::grab_test(cameras, fs::absolute(file).parent_path(), {clock}, std::cout);
    return good ? common::kExitOk : common::kExitFailure;
  }
  return run_node(settings, file);
}

}  // namespace

int main(int argc, char** argv) {
  imagenode::set_up_opencv();
  const char* home = std::getenv("HOME");
  Arguments arguments;
  arguments.directory = home == nullptr ? "." : home;
  CLI::App app{
      "imagenode watches cameras, detects what matters and sends it to a hub.\n"
      "It runs until it gets SIGTERM or Ctrl-C."};
  app.set_version_flag("--version", common::version());
  app.add_option("--config", arguments.config, "settings file");
  app.add_option("-p,--path", arguments.directory, "folder that holds imagenode.yaml (default: the home folder)");
  app.add_flag("--check-config", arguments.check_config, "read the settings, report every problem, and end");
  app.add_flag("--test", arguments.test, "save one picture of each camera beside the settings, and end");
  app.add_option("--replay", arguments.replay, "run a camera's detectors over this video and print their events");
  app.add_option("--camera", arguments.camera, "label of the camera for --replay (default: the only one)");
  app.footer(
      "Exit status: 0 done, 1 failed, 64 wrong use, 78 the settings are wrong.\n"
      "Example: imagenode --path /etc/imagenode     imagenode --replay yard.avi --camera W1");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? common::kExitOk : common::kExitUsage;
  }
  try {
    return run(arguments);
  } catch (const common::SettingsError& error) {
    std::cerr << error.what() << '\n';
    return common::kExitConfig;
  } catch (const std::exception& error) {
    std::cerr << "imagenode: " << error.what() << '\n';
    return common::kExitFailure;
  }
}
