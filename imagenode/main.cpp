#include <sys/stat.h>

#include <iostream>

#include "common/disk.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/process_lock.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagenode/arguments.hpp"
#include "imagenode/grab_test.hpp"
#include "imagenode/node.hpp"
#include "imagenode/opencv_setup.hpp"
#include "imagenode/replay_camera.hpp"
#include "imagenode/settings.hpp"

namespace {

namespace fs = std::filesystem;

/// One settings file runs one node: two would send the same views twice.
common::ProcessLock lock_settings(const fs::path& file) {
  struct stat state {};
  ::stat(file.c_str(), &state);
  return {common::cat("imagenode-settings:", state.st_dev, ':', state.st_ino), "settings file " + file.string()};
}

int run_node(const imagenode::NodeSettings& settings, const fs::path& file) {
  common::Signals signals;
  common::log::start();
  const common::ProcessLock lock = lock_settings(file);
  if (settings.print_settings) std::cout << describe(settings) << std::flush;
  for (const auto& note : settings.notes) common::log::info(note);
  const common::SystemClock clock;
  common::Liveness liveness;
  common::Disk disk;
  imagenode::Node node(settings, disk, clock, liveness);
  node.start();
  common::log::info(common::cat("imagenode ", common::version(), " runs node ", settings.name, " with ",
                                settings.views.size(), " camera(s), ", settings.sensors.size(), " sensor(s), ",
                                settings.lines.size(), " line(s), ", settings.lamps.size(), " light(s) and ",
                                settings.actions.size(), " action(s)"));
  const bool ends = common::run_until_stopped(
      signals, liveness, [&] { return node.tick(); }, [&] { node.reload(); });
  // The spool ends by itself before, and then says what it could not write.
  const common::StopDeadline deadline(liveness, node.longest_stop_ns() + 10 * common::kSecond);
  node.stop();
  return ends ? common::kExitOk : common::kExitRestart;
}

int run(const imagenode::Arguments& arguments) {
  const fs::path file = arguments.settings_file();
  auto settings = imagenode::load_node_settings(file);
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
  settings.demo = arguments.demo;
  if (settings.demo && settings.local) {
    std::cerr << "imagenode: --demo shows in a hub what this node sends, and the settings say that there is none "
              << "(hub_address: none); name a hub, or start without --demo\n";
    return common::kExitUsage;
  }
  return run_node(settings, file);
}

}  // namespace

int main(int argc, char** argv) {
  imagenode::set_up_opencv();
  imagenode::Arguments arguments;
  if (const auto status = imagenode::parse_arguments(argc, argv, arguments)) return *status;
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
