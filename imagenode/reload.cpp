#include "imagenode/reload.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// What a running node takes.
const std::set<std::string>& live_keys() {
  static const std::set<std::string> keys{// Its parts are made of these.
                                          "cameras.*", "node.queuemax", "sensors.*", "lines.*", "lights.*", "actions.*",
                                          // These it uses from then on.
                                          "node.commands", "node.heartbeat", "node.shutdown_timeout",
                                          // These say nothing to a node that runs.
                                          "node.print_settings", "node.send_threading", "node.REP_watcher",
                                          "node.stall_watcher"};
  return keys;
}

/// What the link to the hub is made of.
const std::set<std::string>& link_keys() {
  static const std::set<std::string> keys{"hub_address", "hub_address.*",  "node.network",       "node.retry_first",
                                          "node.window", "node.window_mb", "node.bandwidth_kbit"};
  return keys;
}

/// With `mirror` each hub has a spool, without a hub there is no link: neither can come or go while a node runs.
bool has_one_link(const NodeSettings& node) {
  return !node.mirror && !node.local;
}

/// The first problem, without the folder of the file, and how many there are.
std::string in_short(const std::string& problems, const std::filesystem::path& file) {
  std::string first = problems.substr(0, problems.find('\n'));
  const std::string folder = file.parent_path().string() + '/';
  if (first.starts_with(folder)) first.erase(0, folder.size());
  const auto more = std::count(problems.begin(), problems.end(), '\n');
  return more == 0 ? first : cat(first, " (and ", more, " more)");
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The view that goes on as this entry of the settings.
View* running(Views& views, const ViewEntry& entry, const std::vector<std::string>& changed_keys) {
  const std::string& label = entry.camera.label;
  if (contains(changed_keys, "cameras." + label) || contains(changed_keys, "node.queuemax")) return nullptr;
  const auto at =
      std::find_if(views.begin(), views.end(), [&](const View& view) { return view.entry.camera.label == label; });
  return at == views.end() || at->set_by_command ? nullptr : &*at;
}

}  // namespace

SettingsChange read_again(const NodeSettings& in_use) {
  try {
    SettingsChange change{load_node_settings(in_use.origin.file), {}};
    change.now.demo = in_use.demo;
    change.keys = common::changed_keys(in_use.origin.text, change.now.origin.text);
    std::set<std::string> live = live_keys();
    if (has_one_link(in_use) && has_one_link(change.now)) live.insert(link_keys().begin(), link_keys().end());
    common::require_live(change.keys, live, "node");
    return change;
  } catch (const common::SettingsError& error) {
    common::log::error(cat("the settings file is wrong:\n", error.what()));
    throw std::runtime_error(in_short(error.what(), in_use.origin.file));
  }
}

bool changes_link(const SettingsChange& change) {
  return common::keys_beyond(change.keys, link_keys()).size() < change.keys.size();
}

void renew_cameras(Views& views, const SettingsChange& change, const MakeView& make_view) {
  std::vector<View*> going_on;
  Views renewed;
  // What can fail comes first.
  for (const ViewEntry& entry : change.now.views) {
    going_on.push_back(running(views, entry, change.keys));
    renewed.push_back(going_on.back() == nullptr ? make_view(entry) : View{});
  }
  const auto ends = [&](const View& view) {
    return std::find(going_on.begin(), going_on.end(), &view) == going_on.end();
  };
  for (View& view : views) {
    if (ends(view)) view.camera->request_stop();
  }
  // One device cannot be open twice: all that end have ended before the first one starts.
  for (View& view : views) {
    if (!ends(view)) continue;
    view.camera->stop();
    const auto successor = std::find_if(renewed.begin(), renewed.end(), [&](const View& fresh) {
      return fresh.camera && fresh.entry.camera.viewname == view.entry.camera.viewname;
    });
    if (successor != renewed.end()) successor->camera->succeed(view.camera->counts());
  }
  for (std::size_t i = 0; i < renewed.size(); ++i) {
    if (going_on[i] != nullptr) renewed[i] = std::move(*going_on[i]);
  }
  views = std::move(renewed);
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (going_on[i] == nullptr) views[i].camera->start();
  }
}

}  // namespace imagenode
