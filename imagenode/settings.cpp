#include "imagenode/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>
#include <utility>

#include "common/address.hpp"
#include "common/text.hpp"
#include "imagenode/camera/stream_source.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::Section;

/// A number behind H gives the order: H1, H2 ... H10.
std::optional<int> hub_number(const std::string& label) {
  int number = 0;
  if (label.size() < 2 || (label[0] != 'H' && label[0] != 'h')) return std::nullopt;
  const auto [end, error] = std::from_chars(label.data() + 1, label.data() + label.size(), number);
  if (error != std::errc{} || end != label.data() + label.size()) return std::nullopt;
  return number;
}

void read_hub_addresses(Section& root, LinkSettings& link) {
  std::vector<std::pair<int, std::string>> hubs;
  for (const auto& [label, address] : root.named_texts("hub_address")) {
    const auto number = hub_number(label);
    if (!number) {
      root.problem("hub_address", cat(common::escaped(label), " is not one of H1, H2, H3 ..."));
    } else if (const auto wrong = common::address_problem(address, common::AddressUse::connect)) {
      root.problem("hub_address", cat(label, ": ", *wrong));
    } else {
      hubs.emplace_back(*number, address);
    }
  }
  if (hubs.empty()) {
    root.problem("hub_address", "at least one hub is needed, such as H1: tcp://192.168.1.10:5555");
  }
  std::sort(hubs.begin(), hubs.end());
  for (auto& [number, address] : hubs) link.addresses.push_back(std::move(address));
}

/// One word in the place of H1, H2 ...
void read_hub_word(Section& root, NodeSettings& settings) {
  const auto word = root.word("hub_address");
  settings.local = word && common::lower(*word) == "none";
  settings.find_hubs = word && common::lower(*word) == "auto";
  if (word && !settings.local && !settings.find_hubs) {
    root.problem("hub_address", cat(common::escaped(*word),
                                    " is neither auto, none nor a mapping such as {H1: tcp://192.168.1.10:5555}"));
  }
}

void check_mirror(Section& root, const NodeSettings& settings) {
  if (root.word("hub_address")) {
    root.problem("hub_address", "a mirror needs the hubs that are to have everything by name: H1, H2 ...");
  }
  const auto& addresses = settings.link.addresses;
  if (std::set<std::string>(addresses.begin(), addresses.end()).size() < addresses.size()) {
    root.problem("hub_address", "a mirror needs different hubs; the same address stands twice");
  }
}

void read_spool(Section& node, NodeSettings& settings) {
  Section spool = node.section("spool");
  std::string folder;
  spool.read("path", folder);
  settings.spool.folder = folder;
  spool.read("max_mb", settings.spool.max_mb, {1});
  spool.read_choice("when", {"outage", "always", "never"}, settings.spool.when);
  node.read_choice("catch_up", {"oldest_first", "newest_first"}, settings.catch_up);
  if (settings.catch_up == CatchUp::newest_first) {
    settings.notes.push_back("catch_up: newest_first: what comes from the spool is stored in no promised order");
  }
  std::string local_dir;
  node.read("local_dir", local_dir);
  settings.local_dir = local_dir;
  if (!settings.local_dir.empty() && !settings.local) {
    settings.notes.push_back("local_dir has no effect: it is for nodes without a hub (hub_address: none)");
  }
  if (settings.local && settings.local_dir.empty() && settings.spool.when == Spooling::never) {
    node.problem("spool", "when: never keeps nothing of a node without hub and without local_dir");
  }
}

/// A path below the folder of the settings file, unless it is absolute.
void make_absolute(std::filesystem::path& path, const std::filesystem::path& folder) {
  if (!path.empty()) path = folder / path;
}

/// What the Python node needed to be told and this one always does.
void read_accepted(Section& node, std::vector<std::string>& notes) {
  bool ignored = false;
  for (const auto& [key, why] : {std::pair{"send_threading", "sending always has a thread of its own"},
                                 std::pair{"REP_watcher", "the link is always watched"},
                                 std::pair{"stall_watcher", "systemd's watchdog does this"}}) {
    if (node.has(key)) notes.push_back(cat(key, " is accepted: ", why));
    node.read(key, ignored);
  }
}

void read_commands(Section& node, std::set<std::string>& commands) {
  std::vector<std::string> names(commands.begin(), commands.end());
  node.read("commands", names);
  commands = {names.begin(), names.end()};
  std::string known;
  for (const auto& name : command_names()) known += (known.empty() ? "" : ", ") + name;
  for (const auto& name : commands) {
    if (command_names().contains(name)) continue;
    node.problem("commands", cat(common::escaped(name), " is not one of ", known, "; [] allows none"));
  }
}

void read_node(Section& root, NodeSettings& settings) {
  Section node = root.section("node", true);
  node.read("name", settings.name);
  settings.name = common::trimmed(settings.name);
  if (settings.name.empty() || settings.name.find('|') != std::string::npos) {
    node.problem("name", "a node needs a name without |");
  }
  node.read("queuemax", settings.queuemax, {1, 100'000});
  node.read("patience", settings.link.patience_s, {0.1, 3600});
  node.read_duration("retry_first", settings.link.retry_first_s, 1, {1, 30.0 * 86'400});
  node.read("mirror", settings.mirror);
  node.read("network", settings.network);
  if (const auto wrong = common::network_name_problem(settings.network)) node.problem("network", *wrong);
  node.read_duration("heartbeat", settings.heartbeat_s, 60, {0, 30.0 * 86'400});
  node.read_choice("send_type", {"jpg", "image"}, settings.send_type);
  node.read("outbox_mb", settings.outbox_mb, {1, 1'000'000});
  node.read("window", settings.link.window, {1, 1000});
  node.read("window_mb", settings.link.window_mb, {1, 1000});
  if (settings.link.window_mb > settings.outbox_mb / 2) {
    settings.notes.push_back(cat("window_mb: ", settings.link.window_mb, " is more than half of outbox_mb (",
                                 settings.outbox_mb, "); no more than that half is sent without an answer"));
  }
  node.read("bandwidth_kbit", settings.link.bandwidth_kbit, {1});
  node.read_duration("shutdown_timeout", settings.shutdown_timeout_s, 1, {0.1, 3600});
  read_commands(node, settings.commands);
  read_spool(node, settings);
  std::string ledger;
  node.read("ledger", ledger);
  settings.ledger = ledger;
  node.read("print_settings", settings.print_settings);
  read_accepted(node, settings.notes);
}

void read_cameras(Section& root, NodeSettings& settings) {
  std::set<std::string> names;
  for (auto& [label, section] : root.named_sections("cameras")) {
    ViewEntry entry{CameraSettings::read(section, label), read_analysis(section), read_detectors(section)};
    const std::string& view = entry.camera.viewname;
    if (view.find('|') != std::string::npos) section.problem("viewname", "a view name must not hold |");
    if (!names.insert(view).second) {
      section.problem("viewname", cat("\"", common::escaped(view),
                                      "\" is the name of another camera too; "
                                      "the hub could not tell their pictures apart"));
    }
    settings.views.push_back(std::move(entry));
  }
}

/// ", detectors: cold gone"
std::string listed(const std::vector<ReadingDetectorSettings>& detectors) {
  std::string out = detectors.empty() ? "" : ", detectors:";
  for (const auto& detector : detectors) out += ' ' + common::escaped(detector.name);
  return out;
}

/// What outputs may refer to.
KnownViews known_views(const std::vector<ViewEntry>& views) {
  KnownViews known;
  for (const ViewEntry& view : views) {
    const auto is_light = [](const DetectorSettings& detector) { return detector.kind == "light"; };
    const auto lights = std::count_if(view.detectors.begin(), view.detectors.end(), is_light);
    known.push_back({view.camera.label, view.camera.viewname, static_cast<int>(lights)});
  }
  return known;
}

}  // namespace

const std::set<std::string>& command_names() {
  static const std::set<std::string> names{"SendFrames",    "Still", "ReloadYaml", "Restart",
                                           "SetResolution", "Set",   "Light"};
  return names;
}

NodeSettings read_node_settings(common::SettingsFile& file) {
  NodeSettings settings;
  Section root = file.root();
  read_hub_word(root, settings);
  read_node(root, settings);
  if (!root.word("hub_address")) read_hub_addresses(root, settings.link);
  if (settings.mirror) check_mirror(root, settings);
  read_cameras(root, settings);
  settings.sensors = read_sensors(root);
  settings.lines = read_lines(root);
  const KnownViews views = known_views(settings.views);
  settings.lamps = read_lamps(root, views);
  settings.actions = read_actions(root, views);
  return settings;
}

NodeSettings load_node_settings(const std::filesystem::path& path) {
  common::SettingsText origin = common::read_settings(path);
  auto file = common::SettingsFile::parse(origin.text, path.string());
  NodeSettings settings = read_node_settings(file);
  file.finish();
  settings.origin = std::move(origin);
  const auto folder = std::filesystem::absolute(path).parent_path();
  for (auto* given : {&settings.ledger, &settings.spool.folder, &settings.local_dir}) make_absolute(*given, folder);
  if (const char* sysfs = std::getenv("SYSFS_PATH"); sysfs != nullptr && *sysfs != '\0') settings.sysfs = sysfs;
  if (settings.spool.folder.empty()) {
    // systemd names it (StateDirectory=); of several the first.
    const char* state = std::getenv("STATE_DIRECTORY");
    const std::string first = state == nullptr ? "" : std::string(state).substr(0, std::string_view(state).find(':'));
    settings.spool.folder = first.empty() ? folder / "imagenode_data" : std::filesystem::path(first);
  }
  return settings;
}

std::string describe(const NodeSettings& settings) {
  std::string out =
      cat("name: ", settings.name, "\nqueuemax: ", settings.queuemax, "\nheartbeat: ", settings.heartbeat_s,
          " s\nsend_type: ", settings.send_type == SendType::jpg ? "jpg" : "image", "\noutbox_mb: ", settings.outbox_mb,
          "\npatience: ", settings.link.patience_s, " s\nwindow: ", settings.link.window,
          "\nwindow_mb: ", settings.link.window_mb, "\nretry_first: ", settings.link.retry_first_s, " s",
          "\nspool: ", std::array{"outage", "always", "never"}[static_cast<std::size_t>(settings.spool.when)], ", ",
          settings.spool.folder.string(), ", ", settings.spool.max_mb,
          " MB\ncatch_up: ", settings.catch_up == CatchUp::oldest_first ? "oldest_first" : "newest_first", '\n');
  out += "commands:";
  for (const auto& name : settings.commands) out += ' ' + name;
  out += settings.commands.empty() ? " none\n" : "\n";
  if (settings.local) out += cat("hub_address: none, local_dir: ", settings.local_dir.string(), '\n');
  for (const auto& address : settings.link.addresses) out += cat("hub_address: ", address, '\n');
  if (settings.mirror) out += "mirror: True\n";
  if (settings.find_hubs) out += cat("hub_address: auto, network: ", settings.network, '\n');
  for (const ViewEntry& view : settings.views) {
    out += cat("camera ", view.camera.label, ": view \"", view.camera.viewname, "\", src ",
               without_password(view.camera.src), ", detectors:");
    for (const auto& detector : view.detectors) out += ' ' + detector.kind;
    out += '\n';
  }
  for (const SensorSettings& sensor : settings.sensors) {
    out += cat("sensor ", sensor.label, ": ", sensor.kind, " \"", sensor.name, "\", read every ", sensor.interval_s,
               " s, min_difference ", sensor.min_difference, listed(sensor.detectors), '\n');
  }
  for (const LineSettings& line : settings.lines) {
    out += cat("line ", line.label, ": ", line.kind, ", chunks of ", line.chunk_rows, " rows or ", line.chunk_seconds,
               " s", listed(line.detectors), '\n');
  }
  for (const LampSettings& lamp : settings.lamps) {
    out += cat("light ", lamp.label, ": gpio ", lamp.address.line, " \"", lamp.name, "\"\n");
  }
  for (const ActionSettings& action : settings.actions) {
    out += cat("action ", action.label, ": ", action.type, action.dry_run ? ", dry run" : "", '\n');
  }
  return out;
}

}  // namespace imagenode
