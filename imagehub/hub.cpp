#include "imagehub/hub.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/files.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagehub/control.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/intake/intake.hpp"
#include "imagehub/live/counters.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;
using common::cat;
using common::to_ns;

constexpr double kNsPerSecond = 1e9;

fs::path prepared(const fs::path& data_directory) {
  common::make_folder(data_directory);
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

}  // namespace

struct Hub::Parts {
  Parts(const HubSettings& given, const common::Clock& the_clock, common::Liveness& liveness)
      : settings(given),
        clock(the_clock),
        started_ns(the_clock.monotonic_ns()),
        lock(common::lock_file(prepared(given.data_directory) / "imagehub.lock",
                               cat("data directory ", given.data_directory.string()))),
        index(given.data_directory / "index.sqlite3", given.durability),
        hub_id(index.hub_id()),
        store(given.data_directory / "images", given.durability == Durability::synced),
        log(given.data_directory / "logs"),
        nodes(the_clock, to_ns(given.patience_s), index.nodes()),
        committer(given.committer, index, store, log, nodes, the_clock),
        intake(given.intake, cat("imagehub/", common::version(), ' ', hub_id), nodes, counters, the_clock) {
    committer.recover();
    filing =
        std::make_unique<Filing>(given.filing, committer, the_clock, liveness,
                                 [this](Ticket ticket, const Outcome& outcome) { intake.answer(ticket, outcome); });
    control = open_control(liveness);
    intake.start([this](Received received) { filing->submit(std::move(received)); }, liveness);
  }

  ~Parts() { intake.stop_accepting(); }
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
    received.utc_ns = clock.utc_ns();
    filing->submit(std::move(received));
  }

  std::string status() const;

  const HubSettings settings;
  const common::Clock& clock;
  const std::int64_t started_ns;
  common::UniqueFd lock;
  Index index;
  const std::string hub_id;
  ImageStore store;
  EventLog log;
  Counters counters;
  Nodes nodes;
  Committer committer;
  Intake intake;
  std::unique_ptr<Filing> filing;
  std::unique_ptr<Control> control;
  Rate rate;
  std::int64_t silence_told_since_ns = 0;
};

std::string Hub::Parts::status() const {
  using nlohmann::json;
  const IntakeStatus in = intake.status();
  json nodes_list = json::array();
  for (const auto& [row, rate_now] : nodes.status()) {
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
                          {"messages_per_s", rate_now}});
  }
  std::error_code ignored;
  const fs::space_info disk = fs::space(settings.data_directory, ignored);
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
                       {"holding_back", in.holding_back},
                       {"queue_bytes", filing->queued_bytes()},
                       {"drops", counters.all()},
                       {"disk", {{"total_bytes", disk.capacity}, {"free_bytes", disk.available}}},
                       {"nodes", nodes_list}};
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

Hub::Hub(const HubSettings& settings, const common::Clock& clock, common::Liveness& liveness)
    : parts_(std::make_unique<Parts>(settings, clock, liveness)) {
  parts_->note(cat("Starting imagehub ", common::version()), "imagehub");
}

Hub::~Hub() = default;

void Hub::tick() {
  Parts& parts = *parts_;
  parts.rate.sample(parts.clock.monotonic_ns(), parts.intake.status().received);
  if (parts.intake.status().holding_back) parts.nodes.excuse_silence();
  for (const auto& text : parts.nodes.changes()) {
    common::log::info(text);
    parts.note(text, text.substr(0, text.find('|')));
  }
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
  parts.intake.stop_accepting();
  parts.note("Exiting imagehub", "imagehub");
  if (!parts.filing->drain(to_ns(parts.settings.shutdown_timeout_s))) {
    common::log::warn("not everything could be stored before the stop; its senders keep it");
  }
  parts.control.reset();
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
