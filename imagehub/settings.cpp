#include "imagehub/settings.hpp"

#include "common/text.hpp"

namespace imagehub {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

}  // namespace

HubSettings read_hub_settings(common::SettingsFile& file) {
  HubSettings settings;
  auto root = file.root();
  auto hub = root.section("hub", true);
  hub.read("address", settings.intake.addresses);
  hub.read("subscribe", settings.intake.subscribe);
  hub.read("max_message_mb", settings.intake.max_message_mb, {1, 1024});
  hub.read("intake_mb", settings.intake.intake_mb, {1, 1024 * 1024});
  hub.read("writers", settings.filing.writers, {1, 64});
  hub.read_choice("durability", {"synced", "written"}, settings.durability);
  std::string data_directory = settings.data_directory.string();
  hub.read("data_directory", data_directory);
  settings.data_directory = data_directory;
  hub.read("max_images_write", settings.committer.max_images_per_day, {1});
  double patience_minutes = settings.patience_s / 60;
  hub.read("patience", patience_minutes, {0.01, 60 * 24 * 365});
  settings.patience_s = patience_minutes * 60;
  hub.read_duration("shutdown_timeout", settings.shutdown_timeout_s, 1, {0.1, 3600});
  hub.read("queuemax", settings.queuemax, {1});
  hub.read("print_settings", settings.print_settings);
  if (settings.intake.addresses.empty() && settings.intake.subscribe.empty()) {
    hub.problem("address", "at least one address is needed, such as tcp://*:5555");
  }
  return settings;
}

HubSettings load_hub_settings(const std::filesystem::path& path) {
  auto file = common::SettingsFile::load(path);
  HubSettings settings = read_hub_settings(file);
  file.finish();
  if (settings.data_directory.is_relative()) {
    settings.data_directory = std::filesystem::absolute(path).parent_path() / settings.data_directory;
  }
  return settings;
}

std::string describe(const HubSettings& settings) {
  const auto& quota = settings.committer.max_images_per_day;
  return common::cat("address: ", joined(settings.intake.addresses), "\nsubscribe: ", joined(settings.intake.subscribe),
                     "\nmax_message_mb: ", settings.intake.max_message_mb, "\nintake_mb: ", settings.intake.intake_mb,
                     "\nwriters: ", settings.filing.writers,
                     "\ndurability: ", settings.durability == Durability::synced ? "synced" : "written",
                     "\ndata_directory: ", settings.data_directory.string(),
                     "\nmax_images_write: ", quota ? std::to_string(*quota) : "no limit",
                     "\npatience: ", settings.patience_s / 60, " minutes",
                     "\nshutdown_timeout: ", settings.shutdown_timeout_s, " s\n");
}

}  // namespace imagehub
