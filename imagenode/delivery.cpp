#include "imagenode/delivery.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// How long a stop waits for a hub that does not answer.
constexpr std::int64_t kLastAttempt = common::kSecond;
/// How long a link that is changed waits for answers. The main thread waits with it.
constexpr std::int64_t kForAnswers = 5 * common::kSecond;
constexpr std::int64_t kReportInterval = 60 * common::kSecond;
constexpr std::size_t kMegabyte = 1024 * 1024;

}  // namespace

/// To a hub, or to files here, or nowhere: then all stays in the spool.
Delivery::Delivery(const DeliverySettings& settings, const Sender& sender, common::FileSystem& files,
                   const common::Clock& clock, Ledger* ledger, Report report)
    : settings_(settings), sender_(sender), clock_(clock), ledger_(ledger), outbox_(settings.outbox) {
  if (!settings_.local) {
    outbox_.on_put([this] { wake_link(); });
  } else if (!settings_.local_dir.empty()) {
    local_ = std::make_unique<LocalStore>(settings_.local_dir, sender.boot, outbox_, files, clock_);
    outbox_.on_put([this] { local_->wake(); });
  }
  if (settings_.outbox.spooling == Spooling::never) return;
  spooler_ = std::make_unique<Spooler>(settings_.spool, sender.boot, outbox_, files, clock, std::move(report));
}

Delivery::~Delivery() {
  // It wakes the link, which asks it for addresses.
  if (link_.finder) link_.finder->stop();
}

void Delivery::start(common::Liveness& liveness) {
  outbox_.hub_answers(false, clock_.monotonic_ns());
  if (spooler_) spooler_->start(liveness);
  if (local_) local_->start(liveness);
  if (!settings_.local) change_link(made_link(settings_), liveness);
}

Delivery::Link Delivery::made_link(const DeliverySettings& settings) {
  Link made;
  HubAddresses found;
  if (settings.find_hubs) {
    made.finder = std::make_unique<HubFinder>(settings.network, [this] { wake_link(); });
    found = [&hubs = *made.finder] { return hubs.addresses(); };
  }
  made.link = std::make_unique<HubLink>(settings.link, sender_, outbox_, clock_, ledger_, std::move(found));
  made.link->on_command(take_command_);
  return made;
}

void Delivery::change_link(Link now, common::Liveness& liveness) {
  if (link_.finder) link_.finder->stop();
  if (link_.link) {
    link_.link->stop(kForAnswers);
    now.link->succeed(*link_.link);
  }
  {
    const std::lock_guard lock(link_mutex_);
    std::swap(link_, now);
  }
  if (link_.finder) link_.finder->start(liveness);
  link_.link->start(liveness);
}

void Delivery::wake_link() {
  const std::lock_guard lock(link_mutex_);
  if (link_.link) link_.link->wake();
}

void Delivery::describe(common::Message& heartbeat) const {
  const auto add = [&](const std::string& name, std::uint64_t value, const char* unit) {
    heartbeat.fields[name] = static_cast<double>(value);
    heartbeat.units[name] = unit;
  };
  const OutboxCounts counts = outbox_.counts();
  add("queue", counts.queued_messages, "1");
  add("queue_bytes", counts.queued_bytes, "B");
  for (std::size_t i = 0; i < counts.dropped.size(); ++i) {
    const std::string name = common::name_of(static_cast<common::DeliveryClass>(i));
    add(name + "_dropped", counts.dropped[i], "1");
    add(name + "_set_aside", counts.set_aside[i], "1");
  }
  if (!spooler_) return;
  const SpoolerStatus spool = spooler_->status();
  add("spool_messages", spool.messages, "1");
  add("spool_bytes", spool.bytes, "B");
}

/// " to tcp://..." when there are several roads.
std::string Delivery::to_hub() const {
  return settings_.hub.empty() ? "" : " to " + settings_.hub;
}

void Delivery::report_drops() {
  if (clock_.monotonic_ns() >= next_report_ns_) report_new_drops();
}

void Delivery::report_new_drops() {
  const OutboxCounts counts = outbox_.counts();
  std::uint64_t drops = 0;
  for (const auto count : counts.dropped) drops += count;
  if (drops == reported_drops_) return;
  common::log::warn(cat(drops - reported_drops_, " messages", to_hub(),
                        " gave way because the hub takes them too slowly or not at all (",
                        counts.dropped[index_of(common::DeliveryClass::image)],
                        " images since the start); outbox_mb is ", settings_.outbox.max_bytes / kMegabyte,
                        ", the spool ", spooler_ ? cat("at most ", settings_.spool.max_mb, " MB") : "off"));
  reported_drops_ = drops;
  next_report_ns_ = clock_.monotonic_ns() + kReportInterval;
}

void Delivery::begin_stop(std::int64_t timeout_ns) {
  const bool answers = local_ || connected();
  stop_by_ns_ = clock_.monotonic_ns() + (answers ? timeout_ns : std::min(timeout_ns, kLastAttempt));
}

void Delivery::finish() {
  outbox_.wait_until_empty(std::max<std::int64_t>(stop_by_ns_ - clock_.monotonic_ns(), 0));
}

void Delivery::end_link() {
  if (link_.link) link_.link->stop();
  if (local_) local_->stop();
}

void Delivery::begin_spooling(std::int64_t by_ns) {
  if (spooler_) spooler_->begin_stop(by_ns);
}

void Delivery::finish_spooling() {
  if (spooler_) spooler_->stop();
}

void Delivery::tell_rest() {
  const std::uint64_t lost = spooler_ ? outbox_.only_in_memory() : outbox_.counts().queued_messages;
  if (lost > 0) {
    common::log::warn(cat(lost, " messages", to_hub(), " were not delivered before the stop, and are lost"));
  }
  const std::uint64_t kept = spooler_ ? spooler_->status().messages : 0;
  if (kept > 0) common::log::info(cat(kept, " messages", to_hub(), " wait in the spool for the next start"));
  report_new_drops();
}

void stop_together(const Deliveries& deliveries, std::int64_t by_ns) {
  for (const auto& delivery : deliveries) delivery->end_link();
  for (const auto& delivery : deliveries) delivery->begin_spooling(by_ns);
  // The second time for what spools reported the first time; a disk that fails does not say so twice.
  for (int i = 0; i < 2; ++i) {
    for (const auto& delivery : deliveries) delivery->finish_spooling();
  }
  for (const auto& delivery : deliveries) delivery->tell_rest();
}

}  // namespace imagenode
