#include "imagehub/hub.hpp"

#include <filesystem>
#include <mutex>

#include "common/database.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/reply.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagehub/announcement.hpp"
#include "imagehub/care/salvage.hpp"
#include "imagehub/care/upkeep.hpp"
#include "imagehub/command_desk.hpp"
#include "imagehub/control.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/disk_watch.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/filing/forecast.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/hub_status.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/intake/intake.hpp"
#include "imagehub/live/counters.hpp"
#include "imagehub/live/live.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/live_desk.hpp"
#include "imagehub/reload.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;
using common::to_ns;

constexpr std::uint64_t kMegabyte = 1024 * 1024;
/// As long as systemd lets a start take (TimeoutStartSec).
constexpr std::int64_t kLongestSalvage = 3600 * common::kSecond;
/// An index that is damaged again so soon lies on a disk that fails: somebody has to look at it.
constexpr std::int64_t kSalvageInterval = 600 * common::kSecond;

fs::path prepared(common::FileSystem& files, const fs::path& data_directory) {
  common::make_folders(files, data_directory);
  return data_directory;
}

/// That the index is damaged, told by one thread to another.
class Damage {
 public:
  void tell(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    reason_ = reason;
  }
  std::optional<std::string> told() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::string> reason_;
};

}  // namespace

struct Hub::Parts {
  Parts(const HubSettings& given, common::FileSystem& the_files, const common::Clock& the_clock,
        common::Liveness& the_liveness)
      : settings(given),
        files(the_files),
        clock(the_clock),
        liveness(the_liveness),
        started_ns(the_clock.monotonic_ns()),
        data{given.data_directory},
        lock(common::lock_file(prepared(the_files, given.data_directory) / "imagehub.lock",
                               cat("data directory ", given.data_directory.string()))),
        reserve(the_files, data.reserve(), static_cast<std::uint64_t>(given.reserve_mb) * kMegabyte,
                {data.images(), data.data()}),
        salvaged(reserve.spend([&] { return salvage_if_damaged(the_files, data, given.durability, the_clock); })),
        index(reserve.spend([&] { return Index(the_files, data.index(), given.durability); })),
        hub_id(index.hub_id()),
        store(the_files, given.data_directory / "images", given.durability == Durability::synced),
        log(the_files, given.data_directory / "logs"),
        nodes(the_clock, to_ns(given.patience_s), index.nodes()),
        commands(the_clock, to_ns(given.command_ttl_s), CommandTable(index).all()),
        desk(index, commands, nodes),
        batch_store(the_files, data.data(), given.durability == Durability::synced),
        batches(given.batches, index, batch_store, reserve, the_clock),
        committer(given.committer, index, store, log, reserve, nodes, batches, the_clock, &commands),
        retention(given.retention, {index, store, batch_store, committer, reserve, the_files, the_clock}),
        forecast(given.retention, index, the_files, given.data_directory, the_clock),
        live(the_clock),
        intake(given.intake, common::hub_name(common::version(), hub_id), nodes, commands, live, counters, the_clock) {
    committer.recover();
    retention.recover();
    const auto news = reserve.spend([&] { return finish_salvage(files, data, index); });
    if (news) committer.recover();
    filing =
        std::make_unique<Filing>(given.filing, committer, the_clock, liveness,
                                 [this](Ticket ticket, const Outcome& outcome) { intake.answer(ticket, outcome); });
    disk_watch = std::make_unique<DiskWatch>(reserve, forecast, *filing, clock,
                                             [this](const std::string& text) { note(text, "imagehub"); });
    upkeep =
        std::make_unique<Upkeep>(settings.upkeep, files, data, clock, liveness,
                                 Upkeep::Work{[this] { return nothing_under_way(); },
                                              [this](std::uint64_t bytes) { return has_to_spare(bytes); },
                                              [this](const std::string& reason) { damage_in_backup.tell(reason); }});
    if (news) note(*news, "imagehub");
    control = open_control();
    intake.start([this](Received received) { filing->submit(std::move(received)); },
                 [this](Ticket ticket, const std::string& reason) { filing->give_up(ticket, reason); }, liveness);
    retention.start([this](std::function<void()> task) { filing->between_groups(std::move(task)); }, liveness);
    announce();
  }

  ~Parts() {
    intake.stop_accepting();
    retention.stop();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void announce() {
    announcement.reset();
    if (!settings.announce) return;
    announcement = std::make_unique<Announcement>(Announced{settings.network, hub_id, std::string(common::version())},
                                                  intake.bound_addresses());
    announcement->start(liveness);
  }

  std::unique_ptr<Control> open_control() {
    try {
      return std::make_unique<Control>(
          control_path(settings.data_directory), [this](const std::string& question) { return answer(question); },
          liveness);
    } catch (const std::exception& error) {
      common::log::warn(cat(error.what(), "; `imagehub status` will not find this hub"));
      return nullptr;
    }
  }

  /// To who asks on the control socket.
  std::string answer(const std::string& question) {
    constexpr std::string_view kCommand = "command ";
    if (question == "status") return status();
    if (is_live_question(question)) return answer_live(live, question);
    if (!question.starts_with(kCommand)) throw std::runtime_error("this hub does not know the question");
    return desk.take(question.substr(kCommand.size()),
                     [this](std::function<void()> task) { filing->between_groups(std::move(task)); });
  }

  /// An event of the hub's own, filed like any other.
  void note(const std::string& text, const std::string& node) {
    auto message = std::make_shared<common::Message>();
    message->text = text;
    message->node = node;
    message->crc = 0;
    Received received;
    received.message = std::move(message);
    received.monotonic_ns = clock.monotonic_ns();
    filing->submit(std::move(received));
  }

  bool nothing_under_way() const {
    const IntakeStatus in = intake.status();
    return in.in_flight_messages <= in.waiting_messages;
  }

  bool has_to_spare(std::uint64_t bytes) {
    const Reserve::Status kept = reserve.status();
    return kept.bytes_left == kept.bytes && files.space(data.folder).free_bytes >= 2 * bytes;
  }

  std::string status() const {
    return hub_status({.data_directory = data.folder,
                       .hub_id = hub_id,
                       .files = files,
                       .clock = clock,
                       .started_ns = started_ns,
                       .rate = rate,
                       .intake = intake,
                       .filing = *filing,
                       .counters = counters,
                       .reserve = reserve,
                       .retention = retention,
                       .forecast = forecast,
                       .upkeep = *upkeep,
                       .batches = batches,
                       .live = live,
                       .nodes = nodes,
                       .desk = desk});
  }

  void reload();

  HubSettings settings;  ///< of the main thread, since reload() changes them
  common::FileSystem& files;
  const common::Clock& clock;
  common::Liveness& liveness;
  const std::int64_t started_ns;
  const DataDirectory data;
  common::UniqueFd lock;
  Reserve reserve;
  const bool salvaged;
  Index index;
  const std::string hub_id;
  ImageStore store;
  EventLog log;
  Counters counters;
  Nodes nodes;
  NodeCommands commands;
  CommandDesk desk;
  common::BatchStore batch_store;
  Batches batches;
  Committer committer;
  Retention retention;
  Forecast forecast;
  Live live;
  Intake intake;
  std::unique_ptr<Filing> filing;
  std::unique_ptr<DiskWatch> disk_watch;
  Damage damage_in_backup;
  std::unique_ptr<Upkeep> upkeep;
  std::unique_ptr<Control> control;
  std::unique_ptr<Announcement> announcement;
  Rate rate;
  std::int64_t silence_told_since_ns = 0;
};

Hub::Hub(const HubSettings& settings, common::FileSystem& files, const common::Clock& clock,
         common::Liveness& liveness) {
  begin(settings, files, clock, liveness);
}

void Hub::begin(const HubSettings& settings, common::FileSystem& files, const common::Clock& clock,
                common::Liveness& liveness) {
  try {
    parts_ = std::make_unique<Parts>(settings, files, clock, liveness);
  } catch (const std::exception& error) {
    if (!common::is_corruption(error)) throw;
    mark_damaged(files, {settings.data_directory}, error.what());
    parts_ = std::make_unique<Parts>(settings, files, clock, liveness);
  }
  parts_->nodes.excuse_silence();  // while the index was salvaged
  parts_->note(cat("Starting imagehub ", common::version()), "imagehub");
  parts_->disk_watch->tell_full();
}

Hub::~Hub() = default;

std::optional<std::string> Hub::damage() const {
  auto damage = parts_->filing->index_damage();
  return damage ? damage : parts_->damage_in_backup.told();
}

/// An index in use cannot be salvaged. To nodes it looks as if the hub was killed and started again.
void Hub::salvage(const std::string& damage) {
  const HubSettings settings = parts_->settings;
  common::FileSystem& files = parts_->files;
  const common::Clock& clock = parts_->clock;
  common::Liveness& liveness = parts_->liveness;
  parts_->reserve.spend([&] { mark_damaged(files, parts_->data, damage); });
  const std::int64_t now_ns = clock.monotonic_ns();
  if (salvaged_ns_ && now_ns - *salvaged_ns_ < kSalvageInterval) {
    throw std::runtime_error(cat("the index is damaged again: ", damage,
                                 "; look at the disk, then start imagehub again, it will salvage the index"));
  }
  common::log::error(cat("the index is damaged: ", damage, "; the hub begins anew with what can be salvaged"));
  const common::WatchdogPause pause(kLongestSalvage);
  parts_.reset();
  begin(settings, files, clock, liveness);
  salvaged_ns_ = clock.monotonic_ns();
  common::log::info(greeting());
}

void Hub::tick() {
  if (const auto found = damage()) {
    salvage(*found);
    return;  // nobody has had the time to be heard
  }
  Parts& parts = *parts_;
  parts.rate.sample(parts.clock.monotonic_ns(), parts.intake.status().received);
  if (parts.intake.status().holding_back) parts.nodes.excuse_silence();
  for (const auto& text : parts.nodes.changes()) {
    text.find("|hub|missing") == std::string::npos ? common::log::info(text)
                                                   : common::log::error(text + " messages that it delivered here");
    parts.note(text, text.substr(0, text.find('|')));
  }
  parts.disk_watch->tell_full();
  if (parts.commands.has_old()) parts.filing->soon([&parts] { parts.desk.forget_old(); });
  parts.disk_watch->look_ahead();
  // Told once for each last message.
  const std::int64_t last_message_ns = parts.intake.last_message_ns();
  const bool silent = parts.clock.monotonic_ns() - last_message_ns > to_ns(parts.settings.patience_s);
  if (silent && parts.silence_told_since_ns != last_message_ns) {
    parts.silence_told_since_ns = last_message_ns;
    const std::string text = cat("No messages received for ", parts.settings.patience_s / 60, " minutes.");
    common::log::warn(text);
    parts.note(text, "imagehub");
  }
}

/// Throws std::exception with the reason when nothing was changed.
void Hub::Parts::reload() {
  const SettingsChange change = read_again(settings);
  settings = change.now;
  nodes.set_patience(to_ns(settings.patience_s));
  commands.set_ttl(to_ns(settings.command_ttl_s));
  upkeep->keep_backups(settings.upkeep.backups);
  if (change.has("hub.announce") || change.has("hub.network")) announce();
  // Not waited for: the disk may be full.
  filing->soon([this, now = settings] {
    forecast.set_retention(now.retention);
    committer.set_quota(now.committer.max_images_per_day);
  });
  if (change.has_any_of("retention")) retention.change(settings.retention);
  common::log::info(cat("the settings were read again; changed: ", common::listed(change.keys)));
}

void Hub::reload() {
  try {
    parts_->reload();
  } catch (const std::exception& error) {
    common::log::error(cat("the settings were not taken, all goes on as before:\n", error.what()));
  }
}

double Hub::shutdown_timeout_s() const {
  return parts_->settings.shutdown_timeout_s;
}

void Hub::stop() {
  Parts& parts = *parts_;
  parts.announcement.reset();
  parts.intake.stop_accepting();
  parts.retention.stop();
  // Who asks there waits for filing, too.
  parts.control.reset();
  // The last of those that tick() gave: they note what they find.
  parts.filing->between_groups([] {});
  parts.note("Exiting imagehub", "imagehub");
  if (!parts.filing->drain(to_ns(parts.settings.shutdown_timeout_s))) {
    common::log::warn("not everything could be stored before the stop; its senders keep it");
  }
  const std::int64_t until_ns = parts.clock.monotonic_ns() + to_ns(parts.settings.shutdown_timeout_s);
  parts.filing->between_groups([&] { parts.batches.close_all(until_ns); });
  parts.upkeep.reset();
  parts.filing.reset();
}

std::string Hub::greeting() const {
  const Parts& parts = *parts_;
  std::string addresses;
  for (const auto& address : parts.intake.bound_addresses()) addresses += (addresses.empty() ? "" : ", ") + address;
  return cat("imagehub ", common::version(), " listens on ", addresses, "; images and logs are in ",
             parts.settings.data_directory.string());
}

}  // namespace imagehub
