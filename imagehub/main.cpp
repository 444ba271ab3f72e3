#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "common/files.hpp"
#include "common/log.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagehub/control.hpp"
#include "imagehub/hub.hpp"
#include "imagehub/settings.hpp"
#include "imagehub/status.hpp"

namespace {

namespace fs = std::filesystem;

fs::path home() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "." : home;
}

int run_hub(const imagehub::HubSettings& settings) {
  common::StopSignals signals;
  common::log::start();
  common::raise_descriptor_limit();
  if (settings.print_settings) std::cout << describe(settings) << std::flush;
  if (settings.queuemax) common::log::info("queuemax is accepted, but nothing is dropped: senders wait instead");
  const common::SystemClock clock;
  common::Liveness liveness;
  imagehub::Hub hub(settings, clock, liveness);
  common::log::info(hub.greeting());
  common::run_until_stopped(signals, liveness, [&] { hub.tick(); });
  const common::StopDeadline deadline(liveness, static_cast<std::int64_t>((settings.shutdown_timeout_s + 5) * 1e9));
  hub.stop();
  return common::kExitOk;
}

/// Asks the hub of the settings file, or, without one, the one that runs as a service.
int show_status(const fs::path& file, bool json) {
  std::vector<fs::path> sockets{"/run/imagehub/control.sock"};
  if (!file.empty()) {
    sockets.insert(sockets.begin(), imagehub::control_path(imagehub::load_hub_settings(file).data_directory));
  }
  for (const fs::path& socket : sockets) {
    if (const auto answer = imagehub::ask_hub(socket, "status")) {
      std::cout << (json ? *answer + '\n' : imagehub::format_status(*answer));
      return common::kExitOk;
    }
  }
  std::cerr << "imagehub: no hub answers at " << sockets.front().string()
            << "; is it running, and may you read that socket? Name its settings with --config FILE or --path DIR\n";
  return common::kExitUnavailable;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "imagehub receives images and events from many nodes, stores them durably and indexes them.\n"
      "Without a subcommand it runs until it gets SIGTERM or Ctrl-C."};
  app.set_version_flag("--version", common::version());
  fs::path config;
  fs::path directory = home();
  bool check_config = false;
  app.add_option("--config", config, "settings file; its folder holds data_directory");
  app.add_option("-p,--path", directory, "folder that holds imagehub.yaml (default: the home folder)");
  app.add_flag("--check-config", check_config, "read the settings, report every problem, and end");
  auto* status = app.add_subcommand("status", "show nodes, rates, queue, drops and disk of the running hub");
  bool json = false;
  status->add_flag("--json", json, "as JSON, for scripts");
  status->fallthrough();
  app.footer(
      "Exit status: 0 done, 1 failed, 64 wrong use, 69 no hub answers, 78 the settings are wrong.\n"
      "Example: imagehub --path /srv/farm     imagehub status --json\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? common::kExitOk : common::kExitUsage;
  }
  try {
    const fs::path file = config.empty() ? directory / "imagehub.yaml" : config;
    const bool named = !config.empty() || app.count("--path") > 0;
    if (*status) return show_status(named || fs::exists(file) ? file : fs::path(), json);
    const auto settings = imagehub::load_hub_settings(file);
    if (check_config) {
      std::cout << "the settings are good\n";
      return common::kExitOk;
    }
    return run_hub(settings);
  } catch (const common::SettingsError& error) {
    std::cerr << error.what() << '\n';
    return common::kExitConfig;
  } catch (const std::exception& error) {
    std::cerr << "imagehub: " << error.what() << '\n';
    return common::kExitFailure;
  }
}
