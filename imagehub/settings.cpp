#include "imagehub/settings.hpp"

#include <utility>

#include "common/address.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

void read_addresses(common::Section& hub, const std::string& key, common::AddressUse use,
                    std::vector<std::string>& addresses) {
  hub.read(key, addresses);
  for (const auto& address : addresses) {
    if (const auto wrong = common::address_problem(address, use)) hub.problem(key, *wrong);
  }
}

void read_limits(common::Section section, RetentionLimits& limits) {
  constexpr double kCentury = 36'525;
  section.read("keep_days", limits.keep_days, {0.0001, kCentury});
  section.read("max_gb", limits.max_gb, {0.001});
  section.read("min_free_gb", limits.min_free_gb, {0.001});
}

/// A node's own limits, completed by those of all.
void add_node(ClassRetention& retention, const std::string& node, RetentionLimits limits) {
  if (limits.max_gb) retention.own_room.insert(node);
  if (!limits.keep_days) limits.keep_days = retention.all.keep_days;
  if (!limits.min_free_gb) limits.min_free_gb = retention.all.min_free_gb;
  retention.nodes.emplace(node, limits);
}

/// Images: the keys of this section and, above them, those of its `images`. Rows only those of its `data`, since they
/// take little and are dear.
void read_retention(common::Section section, RetentionSettings& retention) {
  const auto read = [](common::Section& of, RetentionLimits& images, RetentionLimits& data) {
    read_limits(of, images);
    read_limits(of.section("images"), images);
    read_limits(of.section("data"), data);
  };
  read(section, retention.images.all, retention.data.all);
  section.read("include_adopted", retention.include_adopted);
  for (auto& [node, own] : section.named_sections("nodes")) {
    RetentionLimits images;
    RetentionLimits data;
    read(own, images, data);
    add_node(retention.images, node, images);
    add_node(retention.data, node, data);
  }
}

void read_batches(common::Section section, BatchSettings& batches) {
  section.read("files_per_batch", batches.files_per_batch, {1, 1000});
  section.read("rows_per_file", batches.rows_per_file, {1, 100'000});
  section.read("name_pattern", batches.name_pattern);
  if (const auto wrong = common::name_pattern_problem(batches.name_pattern)) section.problem("name_pattern", *wrong);
  section.read_duration("close_after", batches.idle_s, 60, {1, 30 * 86'400});
}

std::string described(const RetentionLimits& limits) {
  const auto part = [](const char* name, const std::optional<double>& value) {
    return value ? common::cat(' ', name, ' ', *value) : std::string();
  };
  const std::string all =
      part("keep_days", limits.keep_days) + part("max_gb", limits.max_gb) + part("min_free_gb", limits.min_free_gb);
  return all.empty() ? " no limit" : all;
}

std::string described(const RetentionSettings& retention) {
  std::string all = described(retention.images.all);
  for (const auto& [node, limits] : retention.images.nodes) all += common::cat("; ", node, ':', described(limits));
  if (retention.data.any()) {
    all += "; data:" + described(retention.data.all);
    for (const auto& [node, limits] : retention.data.nodes) {
      all += common::cat("; data of ", node, ':', described(limits));
    }
  }
  return all + (retention.include_adopted ? "; adopted files too" : "");
}

}  // namespace

HubSettings read_hub_settings(common::SettingsFile& file) {
  HubSettings settings;
  auto root = file.root();
  auto hub = root.section("hub", true);
  read_addresses(hub, "address", common::AddressUse::bind, settings.intake.addresses);
  read_addresses(hub, "subscribe", common::AddressUse::connect, settings.intake.subscribe);
  hub.read("announce", settings.announce);
  hub.read("network", settings.network);
  if (const auto wrong = common::network_name_problem(settings.network)) hub.problem("network", *wrong);
  hub.read("max_message_mb", settings.intake.max_message_mb, {1, 1024});
  hub.read("intake_mb", settings.intake.intake_mb, {1, 1024 * 1024});
  hub.read("writers", settings.filing.writers, {1, 64});
  hub.read_choice("durability", {"synced", "written"}, settings.durability);
  std::string data_directory = settings.data_directory.string();
  hub.read("data_directory", data_directory);
  settings.data_directory = data_directory;
  hub.read("max_images_write", settings.committer.max_images_per_day, {1});
  hub.read("backups", settings.upkeep.backups, {0, 1000});
  double patience_minutes = settings.patience_s / 60;
  hub.read("patience", patience_minutes, {0.01, 60 * 24 * 365});
  settings.patience_s = patience_minutes * 60;
  hub.read_duration("shutdown_timeout", settings.shutdown_timeout_s, 1, {0.1, 3600});
  hub.read_duration("command_ttl", settings.command_ttl_s, 1, {1, 30.0 * 86'400});
  hub.read("reserve_mb", settings.reserve_mb, {0, 1024 * 1024});
  hub.read("queuemax", settings.queuemax, {1});
  hub.read("print_settings", settings.print_settings);
  read_batches(root.section("data"), settings.batches);
  read_retention(root.section("retention"), settings.retention);
  if (settings.intake.addresses.empty() && settings.intake.subscribe.empty()) {
    hub.problem("address", "at least one address is needed, such as tcp://*:5555");
  }
  return settings;
}

HubSettings load_hub_settings(const std::filesystem::path& path) {
  common::SettingsText origin = common::read_settings(path);
  auto file = common::SettingsFile::parse(origin.text, path.string());
  HubSettings settings = read_hub_settings(file);
  file.finish();
  settings.origin = std::move(origin);
  if (settings.data_directory.is_relative()) {
    settings.data_directory = std::filesystem::absolute(path).parent_path() / settings.data_directory;
  }
  return settings;
}

std::string describe(const HubSettings& settings) {
  const auto& quota = settings.committer.max_images_per_day;
  return common::cat("address: ", joined(settings.intake.addresses), "\nsubscribe: ", joined(settings.intake.subscribe),
                     "\nannounce: ", settings.announce ? "True" : "False", "\nnetwork: ", settings.network,
                     "\nmax_message_mb: ", settings.intake.max_message_mb, "\nintake_mb: ", settings.intake.intake_mb,
                     "\nwriters: ", settings.filing.writers,
                     "\ndurability: ", settings.durability == Durability::synced ? "synced" : "written",
                     "\ndata_directory: ", settings.data_directory.string(),
                     "\nmax_images_write: ", quota ? std::to_string(*quota) : "no limit",
                     "\nbackups: ", settings.upkeep.backups, "\npatience: ", settings.patience_s / 60, " minutes",
                     "\nshutdown_timeout: ", settings.shutdown_timeout_s, " s\ncommand_ttl: ", settings.command_ttl_s,
                     " s\nreserve_mb: ", settings.reserve_mb, "\ndata: ", settings.batches.files_per_batch,
                     " files of ", settings.batches.rows_per_file, " rows, ", settings.batches.name_pattern,
                     ", closed after ", settings.batches.idle_s, " s\nretention:", described(settings.retention), '\n');
}

}  // namespace imagehub
