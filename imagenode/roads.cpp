#include "imagenode/roads.hpp"

#include <algorithm>
#include <exception>

#include "common/names.hpp"

namespace imagenode {
namespace {

constexpr const char* kSpoolEnding = ".spool.sqlite3";
/// Of the spool on a slow SD card: each byte is written twice there, first to the write-ahead log.
constexpr std::int64_t kSlowDiskMbPerSecond = 2;
/// For cameras that come to their end, for opening the spool, and for a card that pauses.
constexpr std::int64_t kStopReserve = 30 * common::kSecond;

OutboxSettings outbox_settings(const NodeSettings& node) {
  OutboxSettings settings;
  settings.max_bytes = static_cast<std::size_t>(node.outbox_mb) * 1024 * 1024;
  settings.spooling = node.demo ? Spooling::never : node.spool.when;
  // Without a hub there is nothing to be patient for.
  settings.patience_ns = node.local ? 0 : common::to_ns(node.link.patience_s);
  settings.catch_up = node.catch_up;
  return settings;
}

SpoolerSettings spooler_settings(const NodeSettings& node, const std::string& hub) {
  const std::string of_hub = hub.empty() ? "" : "-" + common::path_component(hub);
  return {node.spool.folder / (common::path_component(node.name) + of_hub + kSpoolEnding), node.spool.max_mb};
}

/// Not of another node whose name begins like this one's.
bool is_spool_of(const std::string& node, const std::string& file) {
  const std::string name = common::path_component(node);
  if (!file.ends_with(kSpoolEnding)) return false;
  return file == name + kSpoolEnding || file.starts_with(name + "-tcp---") || file.starts_with(name + "-ipc---");
}

}  // namespace

std::vector<DeliverySettings> roads(const NodeSettings& node) {
  DeliverySettings road;
  road.link = node.link;
  road.find_hubs = node.find_hubs;
  road.network = node.network;
  road.local = node.local;
  road.local_dir = node.local_dir;
  road.outbox = outbox_settings(node);
  road.spool = spooler_settings(node, "");
  if (!node.mirror) return {road};
  std::vector<DeliverySettings> all;
  for (const auto& address : node.link.addresses) {
    road.link.addresses = {address};
    road.hub = address;
    road.spool = spooler_settings(node, address);
    all.push_back(road);
  }
  return all;
}

std::int64_t stop_time_ns(const NodeSettings& node) {
  std::int64_t memory_mb = 0;
  if (node.spool.when != Spooling::never) {
    memory_mb = std::int64_t{node.outbox_mb} * static_cast<std::int64_t>(roads(node).size());
  }
  return common::to_ns(node.shutdown_timeout_s) + kStopReserve + memory_mb * common::kSecond / kSlowDiskMbPerSecond;
}

std::vector<std::filesystem::path> unused_spools(const NodeSettings& node, const std::vector<DeliverySettings>& roads,
                                                 common::FileSystem& files) {
  if (node.demo) return {};  // none of them is any use to it
  std::vector<std::string> names;
  try {
    names = files.list(node.spool.folder);
  } catch (const std::exception&) {
    return {};
  }
  std::vector<std::filesystem::path> unused;
  for (const std::string& name : names) {
    const auto file = node.spool.folder / name;
    const bool used = std::any_of(roads.begin(), roads.end(), [&](const DeliverySettings& road) {
      return road.outbox.spooling != Spooling::never && road.spool.file == file;
    });
    if (is_spool_of(node.name, name) && !used) unused.push_back(file);
  }
  std::sort(unused.begin(), unused.end());
  return unused;
}

}  // namespace imagenode
