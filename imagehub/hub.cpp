#include "imagehub/hub.hpp"

#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "common/database.hpp"
#include "common/files.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagehub/announcement.hpp"
#include "imagehub/care/salvage.hpp"
#include "imagehub/care/upkeep.hpp"
#include "imagehub/control.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/filing/forecast.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/intake/intake.hpp"
#include "imagehub/live/counters.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;
using common::to_ns;

constexpr double kNsPerSecond = 1e9;
constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::int64_t kForecastInterval = 60 * common::kSecond;

fs::path prepared(common::FileSystem& files, const fs::path& data_directory) {
  common::make_folders(files, data_directory);
  return data_directory;
}

/// Messages in the last full interval of ten seconds.
class Rate {
 public:
  void sample(std::int64_t now_ns, std::uint64_t total) {
    if (now_ns - start_ns_ < 10 * common::kSecond) return;
    per_second_ = static_cast<double>(total - start_total_) * kNsPerSecond / static_cast<double>(now_ns - start_ns_);
    start_ns_ = now_ns;
    start_total_ = total;
  }
  double per_second() const { return per_second_; }

 private:
  std::int64_t start_ns_ = 0;
  std::uint64_t start_total_ = 0;
  std::atomic<double> per_second_{0};
};

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
        common::Liveness& liveness)
      : settings(given),
        files(the_files),
        clock(the_clock),
        started_ns(the_clock.monotonic_ns()),
        data{given.data_directory},
        lock(common::lock_file(prepared(the_files, given.data_directory) / "imagehub.lock",
                               cat("data directory ", given.data_directory.string()))),
        reserve(the_files, data.reserve(), static_cast<std::uint64_t>(given.reserve_mb) * kMegabyte),
        salvaged(reserve.spend([&] { return salvage_if_damaged(the_files, data, given.durability, the_clock); })),
        index(reserve.spend([&] { return Index(the_files, data.index(), given.durability); })),
        hub_id(index.hub_id()),
        store(the_files, given.data_directory / "images", given.durability == Durability::synced),
        log(the_files, given.data_directory / "logs"),
        nodes(the_clock, to_ns(given.patience_s), index.nodes()),
        committer(given.committer, index, store, log, reserve, nodes, the_clock),
        retention(given.retention, {index, store, committer, reserve, the_files, the_clock}),
        forecast(given.retention, index, the_files, given.data_directory, the_clock),
        intake(given.intake, cat("imagehub/", common::version(), ' ', hub_id), nodes, counters, the_clock) {
    committer.recover();
    retention.recover();
    const auto news = reserve.spend([&] { return finish_salvage(files, data, index); });
    if (news) committer.recover();
    filing =
        std::make_unique<Filing>(given.filing, committer, the_clock, liveness,
                                 [this](Ticket ticket, const Outcome& outcome) { intake.answer(ticket, outcome); });
    upkeep =
        std::make_unique<Upkeep>(settings.upkeep, files, data, clock, liveness,
                                 Upkeep::Work{[this] { return nothing_under_way(); },
                                              [this](std::uint64_t bytes) { return has_to_spare(bytes); },
                                              [this](const std::string& reason) { damage_in_backup.tell(reason); }});
    if (news) note(*news, "imagehub");
    control = open_control(liveness);
    intake.start([this](Received received) { filing->submit(std::move(received)); },
                 [this](Ticket ticket, const std::string& reason) { filing->give_up(ticket, reason); }, liveness);
    retention.start([this](std::function<void()> task) { filing->between_groups(std::move(task)); }, liveness);
    if (settings.announce) {
      announcement = std::make_unique<Announcement>(Announced{settings.network, hub_id, std::string(common::version())},
                                                    intake.bound_addresses());
      announcement->start(liveness);
    }
  }

  ~Parts() {
    intake.stop_accepting();
    retention.stop();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::unique_ptr<Control> open_control(common::Liveness& liveness) {
    try {
      return std::make_unique<Control>(
          control_path(settings.data_directory), [this] { return status(); }, liveness);
    } catch (const std::exception& error) {
      common::log::warn(cat(error.what(), "; `imagehub status` will not find this hub"));
      return nullptr;
    }
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
    return reserve.room_for_images() && files.space(settings.data_directory).free_bytes >= 2 * bytes;
  }

  /// Once per change: the disk is full, there is space again. While there is, nobody waits for it.
  void tell_disk() {
    const bool full = !reserve.room_for_images();
    // Not only when it has changed: a writer may have seen the room before us, or found none in between.
    if (!full) filing->retry_now();
    if (full == told_full) return;
    told_full = full;
    if (full) {
      common::log::error("the disk is full: images wait, events go through while the reserve lasts");
    } else {
      common::log::info("the disk has space again");
    }
    note(full ? "imagehub|disk|full" : "imagehub|disk|space again", "imagehub");
  }

  void look_ahead() {
    if (clock.monotonic_ns() < next_forecast_ns) return;
    next_forecast_ns = clock.monotonic_ns() + kForecastInterval;
    filing->soon([this] {
      if (const auto warning = forecast.measure()) {
        common::log::warn(*warning);
        note(*warning, "imagehub");
      }
    });
  }

  std::string status() const;

  const HubSettings settings;
  common::FileSystem& files;
  const common::Clock& clock;
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
  Committer committer;
  Retention retention;
  Forecast forecast;
  Intake intake;
  std::unique_ptr<Filing> filing;
  Damage damage_in_backup;
  std::unique_ptr<Upkeep> upkeep;
  std::unique_ptr<Control> control;
  std::unique_ptr<Announcement> announcement;
  Rate rate;
  std::int64_t silence_told_since_ns = 0;
  bool told_full = false;
  std::int64_t next_forecast_ns = 0;
};

std::string Hub::Parts::status() const {
  using nlohmann::json;
  const IntakeStatus in = intake.status();
  json nodes_list = json::array();
  for (const auto& [row, rate_now, report, missing] : nodes.status()) {
    nodes_list.push_back({{"node", row.node},
                          {"lost", row.lost},
                          {"first_seen_ns", row.first_seen_ns},
                          {"last_seen_ns", row.last_seen_ns},
                          {"version", row.version},
                          {"host", row.host},
                          {"heartbeat_s", row.heartbeat_s},
                          {"images", row.images},
                          {"events", row.events},
                          {"bytes", row.bytes},
                          {"messages_per_s", rate_now},
                          {"missing", missing}});
    if (!report) continue;
    nodes_list.back()["delivered_here"] = report->delivered_here;
    nodes_list.back()["dropped"] = report->dropped;
    nodes_list.back()["set_aside"] = report->set_aside;
  }
  const Upkeep::Status care = upkeep->status();
  const common::Space disk = files.space(settings.data_directory);
  const Reserve::Status reserved = reserve.status();
  const Retention::Status kept = retention.status();
  const Forecast::Status ahead = forecast.status();
  const json status = {{"version", common::version()},
                       {"hub_id", hub_id},
                       {"pid", ::getpid()},
                       {"uptime_s", static_cast<double>(clock.monotonic_ns() - started_ns) / kNsPerSecond},
                       {"time_ns", clock.utc_ns()},
                       {"data_directory", settings.data_directory.string()},
                       {"addresses", intake.bound_addresses()},
                       {"received", in.received},
                       {"answered", in.answered},
                       {"messages_per_s", rate.per_second()},
                       {"connections", in.connections},
                       {"in_flight_messages", in.in_flight_messages},
                       {"in_flight_bytes", in.in_flight_bytes},
                       {"waiting_messages", in.waiting_messages},
                       {"waiting_bytes", in.waiting_bytes},
                       {"holding_back", in.holding_back},
                       {"queue_bytes", filing->queued_bytes()},
                       {"drops", counters.all()},
                       {"disk",
                        {{"total_bytes", disk.total_bytes},
                         {"free_bytes", disk.free_bytes},
                         {"reserve_bytes", reserved.bytes},
                         {"reserve_left_bytes", reserved.bytes_left},
                         {"full", reserved.full},
                         {"bytes_per_day", ahead.bytes_per_day},
                         {"days_left", ahead.days_left ? json(*ahead.days_left) : json()}}},
                       {"crc_pending", care.crc_pending},
                       {"backup",
                        {{"last_ns", care.last_backup_ns ? json(*care.last_backup_ns) : json()},
                         {"problem", care.backup_problem},
                         {"failures", care.backup_failures}}},
                       {"retention",
                        {{"state", kept.state},
                         {"deleted_images", kept.deleted_images},
                         {"deleted_bytes", kept.deleted_bytes},
                         {"undeletable_files", kept.undeletable_files}}},
                       {"nodes", nodes_list}};
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

Hub::Hub(const HubSettings& settings, common::FileSystem& files, const common::Clock& clock,
         common::Liveness& liveness) {
  try {
    parts_ = std::make_unique<Parts>(settings, files, clock, liveness);
  } catch (const std::exception& error) {
    if (!common::is_corruption(error)) throw;
    mark_damaged(files, {settings.data_directory}, error.what());
    parts_ = std::make_unique<Parts>(settings, files, clock, liveness);
  }
  parts_->note(cat("Starting imagehub ", common::version()), "imagehub");
  parts_->tell_disk();
}

Hub::~Hub() = default;

/// Only a new start can salvage the index: it is in use here.
void Hub::end_when_damaged() {
  Parts& parts = *parts_;
  auto damage = parts.filing->index_damage();
  if (!damage) damage = parts.damage_in_backup.told();
  if (!damage) return;
  mark_damaged(parts.files, parts.data, *damage);
  throw std::runtime_error(cat("the index is damaged: ", *damage, "; start imagehub again, it will salvage it"));
}

void Hub::tick() {
  end_when_damaged();
  Parts& parts = *parts_;
  parts.rate.sample(parts.clock.monotonic_ns(), parts.intake.status().received);
  if (parts.intake.status().holding_back) parts.nodes.excuse_silence();
  for (const auto& text : parts.nodes.changes()) {
    text.find("|hub|missing") == std::string::npos ? common::log::info(text)
                                                   : common::log::error(text + " messages that it delivered here");
    parts.note(text, text.substr(0, text.find('|')));
  }
  parts.tell_disk();
  parts.look_ahead();
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

void Hub::stop() {
  Parts& parts = *parts_;
  parts.announcement.reset();
  parts.intake.stop_accepting();
  parts.retention.stop();
  // The last of those that tick() gave: they note what they find.
  parts.filing->between_groups([] {});
  parts.note("Exiting imagehub", "imagehub");
  if (!parts.filing->drain(to_ns(parts.settings.shutdown_timeout_s))) {
    common::log::warn("not everything could be stored before the stop; its senders keep it");
  }
  parts.control.reset();
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
