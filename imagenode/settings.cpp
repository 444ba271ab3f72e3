#include "imagenode/settings.hpp"

#include <algorithm>
#include <charconv>
#include <set>

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
    } else if (!address.starts_with("tcp://") && !address.starts_with("ipc://")) {
      root.problem("hub_address",
                   cat(label, ": ", common::escaped(address), " is not an address such as tcp://192.168.1.10:5555"));
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

void read_node(Section& root, NodeSettings& settings) {
  Section node = root.section("node", true);
  node.read("name", settings.name);
  settings.name = common::trimmed(settings.name);
  if (settings.name.empty() || settings.name.find('|') != std::string::npos) {
    node.problem("name", "a node needs a name without |");
  }
  node.read("queuemax", settings.queuemax, {1, 100'000});
  node.read("patience", settings.link.patience_s, {0.1, 3600});
  node.read_duration("heartbeat", settings.heartbeat_s, 60, {0, 30.0 * 86'400});
  node.read_choice("send_type", {"jpg", "image"}, settings.send_type);
  node.read("outbox_mb", settings.outbox_mb, {1, 1'000'000});
  node.read("window", settings.link.window, {1, 1000});
  node.read("window_mb", settings.link.window_mb, {1, 1000});
  node.read("bandwidth_kbit", settings.link.bandwidth_kbit, {1});
  node.read_duration("shutdown_timeout", settings.shutdown_timeout_s, 1, {0.1, 3600});
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

/// Parts of the Python node that this one does not have yet: a user's file stays valid, and is told so.
void read_not_yet(Section& root, std::vector<std::string>& notes) {
  for (const char* key : {"sensors", "lights"}) {
    if (root.has(key)) notes.push_back(cat(key, ": this version runs cameras only; the section is not used"));
  }
}

}  // namespace

NodeSettings read_node_settings(common::SettingsFile& file) {
  NodeSettings settings;
  Section root = file.root();
  read_node(root, settings);
  read_hub_addresses(root, settings.link);
  read_cameras(root, settings);
  read_not_yet(root, settings.notes);
  return settings;
}

NodeSettings load_node_settings(const std::filesystem::path& path) {
  auto file = common::SettingsFile::load(path);
  NodeSettings settings = read_node_settings(file);
  file.finish();
  return settings;
}

std::string describe(const NodeSettings& settings) {
  std::string out =
      cat("name: ", settings.name, "\nqueuemax: ", settings.queuemax, "\nheartbeat: ", settings.heartbeat_s,
          " s\nsend_type: ", settings.send_type == SendType::jpg ? "jpg" : "image", "\noutbox_mb: ", settings.outbox_mb,
          "\npatience: ", settings.link.patience_s, " s\nwindow: ", settings.link.window,
          "\nwindow_mb: ", settings.link.window_mb, '\n');
  for (const auto& address : settings.link.addresses) out += cat("hub_address: ", address, '\n');
  for (const ViewEntry& view : settings.views) {
    out += cat("camera ", view.camera.label, ": view \"", view.camera.viewname, "\", src ",
               without_password(view.camera.src), ", detectors:");
    for (const auto& detector : view.detectors) out += ' ' + detector.kind;
    out += '\n';
  }
  return out;
}

}  // namespace imagenode
