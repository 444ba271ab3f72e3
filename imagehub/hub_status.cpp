#include "imagehub/hub_status.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/version.hpp"
#include "imagehub/care/upkeep.hpp"
#include "imagehub/command_desk.hpp"
#include "imagehub/filing/batches.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/filing/forecast.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/intake/intake.hpp"
#include "imagehub/live/counters.hpp"
#include "imagehub/live/live.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {
namespace {

using nlohmann::json;

constexpr double kNsPerSecond = 1e9;

json nodes_of(const Nodes& known) {
  json nodes = json::array();
  for (const auto& [row, rate_now, report, missing] : known.status()) {
    nodes.push_back({{"node", row.node},
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
    nodes.back()["delivered_here"] = report->delivered_here;
    nodes.back()["dropped"] = report->dropped;
    nodes.back()["set_aside"] = report->set_aside;
  }
  return nodes;
}

}  // namespace

void Rate::sample(std::int64_t now_ns, std::uint64_t total) {
  if (now_ns - start_ns_ < 10 * common::kSecond) return;
  per_second_ = static_cast<double>(total - start_total_) * kNsPerSecond / static_cast<double>(now_ns - start_ns_);
  start_ns_ = now_ns;
  start_total_ = total;
}

std::string hub_status(const HubView& hub) {
  const IntakeStatus in = hub.intake.status();
  const Upkeep::Status care = hub.upkeep.status();
  const common::Space disk = hub.files.space(hub.data_directory);
  const Reserve::Status reserved = hub.reserve.status();
  const Retention::Status kept = hub.retention.status();
  const Forecast::Status ahead = hub.forecast.status();
  const Batches::Status rows = hub.batches.status();
  const json status = {{"version", common::version()},
                       {"hub_id", hub.hub_id},
                       {"pid", ::getpid()},
                       {"uptime_s", static_cast<double>(hub.clock.monotonic_ns() - hub.started_ns) / kNsPerSecond},
                       {"time_ns", hub.clock.utc_ns()},
                       {"data_directory", hub.data_directory.string()},
                       {"addresses", hub.intake.bound_addresses()},
                       {"received", in.received},
                       {"answered", in.answered},
                       {"messages_per_s", hub.rate.per_second()},
                       {"connections", in.connections},
                       {"in_flight_messages", in.in_flight_messages},
                       {"in_flight_bytes", in.in_flight_bytes},
                       {"waiting_messages", in.waiting_messages},
                       {"waiting_bytes", in.waiting_bytes},
                       {"holding_back", in.holding_back},
                       {"queue_bytes", hub.filing.queued_bytes()},
                       {"drops", hub.counters.all()},
                       {"disk",
                        {{"total_bytes", disk.total_bytes},
                         {"free_bytes", disk.free_bytes},
                         {"reserve_bytes", reserved.bytes},
                         {"reserve_left_bytes", reserved.bytes_left},
                         {"full", reserved.full},
                         {"bytes_per_day", ahead.bytes_per_day},
                         {"days_left", ahead.days_left ? json(*ahead.days_left) : json()}}},
                       {"data",
                        {{"rows", rows.rows},
                         {"open_batches", rows.open},
                         {"complete_batches", rows.complete},
                         {"partial_batches", rows.partial},
                         {"lost_batches", rows.lost}}},
                       {"live",
                        {{"series", hub.live.rows().all().size()},
                         {"live_messages", hub.live.live_messages()},
                         {"demo_messages", hub.live.demo_messages()}}},
                       {"crc_pending", care.crc_pending},
                       {"backup",
                        {{"last_ns", care.last_backup_ns ? json(*care.last_backup_ns) : json()},
                         {"problem", care.backup_problem},
                         {"failures", care.backup_failures}}},
                       {"retention",
                        {{"state", kept.state},
                         {"deleted_images", kept.deleted_images},
                         {"deleted_batches", kept.deleted_batches},
                         {"deleted_bytes", kept.deleted_bytes},
                         {"undeletable_files", kept.undeletable_files}}},
                       {"commands", json::parse(hub.desk.list())},
                       {"nodes", nodes_of(hub.nodes)}};
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace imagehub
