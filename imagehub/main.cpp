#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "common/disk.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/service.hpp"
#include "common/version.hpp"
#include "imagehub/commands.hpp"
#include "imagehub/hub.hpp"
#include "imagehub/settings.hpp"

namespace {

namespace fs = std::filesystem;

fs::path home() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "." : home;
}

int run_hub(const imagehub::HubSettings& settings) {
  common::Signals signals;
  common::log::start();
  common::raise_descriptor_limit();
  if (settings.print_settings) std::cout << describe(settings) << std::flush;
  if (settings.queuemax) common::log::info("queuemax is accepted, but nothing is dropped: senders wait instead");
  const common::SystemClock clock;
  common::Liveness liveness;
  common::Disk disk;
  imagehub::Hub hub(settings, disk, clock, liveness);
  common::log::info(hub.greeting());
  const auto tick = [&] {
    hub.tick();
    return true;
  };
  common::run_until_stopped(signals, liveness, tick, [&] { hub.reload(); });
  const common::StopDeadline deadline(liveness, common::to_ns(hub.shutdown_timeout_s() + 5));
  hub.stop();
  return common::kExitOk;
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
  auto* check = app.add_subcommand("check", "compare index, pictures and logs, also beside the running hub");
  imagehub::CheckOptions check_options;
  check->add_option("--level", check_options.level, "presence, size (default), or content, which reads every picture")
      ->check(CLI::IsMember({"presence", "size", "content"}));
  auto* repair_flag =
      check->add_flag("--repair", check_options.repair, "repair what can be repaired; the hub must be stopped");
  check->add_flag("--lost-files", check_options.lost_files, "repair although most pictures are not there")
      ->needs(repair_flag);
  check->add_flag("--json", check_options.json, "as JSON, with everything that differs");
  auto* index = app.add_subcommand("index",
                                   "add pictures, log lines and batches of rows that are not in the index, such as "
                                   "those of the Python hub; the hub must be stopped");
  auto* command = app.add_subcommand("command", "give a node a command by way of the running hub");
  imagehub::CommandOptions command_options;
  command->add_option("words", command_options.words, "node and command, such as Barn \"SendFrames 10\"");
  command->add_flag("--all", command_options.all, "for all nodes, in the place of one");
  command->add_flag("--list", command_options.list, "show the commands of late: pending, delivered, done, failed");
  auto* live = app.add_subcommand("live",
                                  "show what the running hub gets just now: series of rows, newest events and "
                                  "pictures; with NODE and SOURCE rows as they come, as CSV, until Ctrl-C");
  imagehub::LiveOptions live_options;
  live->add_option("words", live_options.words, "node, or node and source, such as Barn arduino");
  live->add_option("--rows", live_options.rows, "end after so many rows")->check(CLI::PositiveNumber);
  live->add_option("--view", live_options.view, "of several views of the node that have this source");
  live->add_flag("--json", live_options.json, "the list as JSON, for scripts");
  live->footer(
      "A row is here at most 50 ms after its first byte came to its node, however large chunks and batches are. Who\n"
      "reads too slowly misses rows, and is told so; the batches have them all. With `imagenode --demo` rows are only\n"
      "shown, and stored by nobody.\n"
      "Exit status: 0 done, or ended by Ctrl-C; 64 wrong use, 67 nothing of that node or source has come,\n"
      "69 no hub answers (any more).\n"
      "Examples: imagehub live                               what there is\n"
      "          imagehub live Barn                          of one node\n"
      "          imagehub live Barn arduino                  rows as they come, after the last ten\n"
      "          imagehub live Barn arduino --rows 100 > rows.csv\n");
  for (auto* subcommand : {status, live, command, check, index}) subcommand->fallthrough();
  app.footer(
      "Exit status: 0 done, 1 failed or differences found, 64 wrong use, 67 no such node or source, 69 no hub "
      "answers,\n"
      "74 cannot check, 75 the data directory is in use, 78 the settings are wrong.\n"
      "Examples: imagehub --path /srv/farm\n"
      "          imagehub status --json\n"
      "          imagehub live                      what comes just now\n"
      "          imagehub live Barn arduino --rows 100 > rows.csv\n"
      "          imagehub command Barn \"SendFrames 10\"\n"
      "          imagehub check --level content     reads and verifies every picture, while the hub runs\n"
      "          imagehub check --repair            with the hub stopped\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? common::kExitOk : common::kExitUsage;
  }
  try {
    const fs::path file = config.empty() ? directory / "imagehub.yaml" : config;
    const bool named = !config.empty() || app.count("--path") > 0;
    const fs::path of_running = named || fs::exists(file) ? file : fs::path();
    if (*status) return imagehub::show_status(of_running, json);
    if (*live) return imagehub::live_command(of_running, live_options);
    if (*command) return imagehub::node_command(of_running, command_options);
    if (*check) return imagehub::check_command(file, check_options);
    if (*index) return imagehub::index_command(file);
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
