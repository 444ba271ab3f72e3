#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/thread.hpp"
#include "imagenode/link/hub_finder.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/local_store.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/spooler.hpp"

namespace imagenode {

struct DeliverySettings {
  LinkSettings link;
  bool find_hubs = false;  ///< by mDNS, in the place of link.addresses
  std::string network;
  bool local = false;               ///< to no hub
  std::filesystem::path local_dir;  ///< but to files here; empty: everything stays in the spool
  OutboxSettings outbox;
  SpoolerSettings spool;  ///< not used with Spooling::never
  std::string hub;        ///< which hub of several that get everything; empty when there is one road only
};

/// The road from the node to its hub: queue, spool, link, and what finds the hub. With `mirror` there is one per hub,
/// and none waits for another. outbox() is thread-safe, the rest belongs to the main thread.
class Delivery {
 public:
  /// What the spool reports, as Spooler says; called from its thread.
  using Report = Spooler::Report;

  /// `ledger` may be left out. Throws common::LockedError when another process uses the spool.
  Delivery(const DeliverySettings& settings, const Sender& sender, common::FileSystem& files,
           const common::Clock& clock, Ledger* ledger, Report report);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  Outbox& outbox() { return outbox_; }
  /// Which hub of several; empty when there is one road only.
  const std::string& hub() const { return settings_.hub; }
  bool connected() const { return link_.link && link_.link->status().connected; }

  /// What is done with the commands of the hub; called from the link's thread. Before start().
  void on_command(HubLink::OnCommand take) { take_command_ = std::move(take); }
  void start(common::Liveness& liveness);
  /// How a road reaches its hub.
  struct Link {
    std::unique_ptr<HubFinder> finder;  ///< with find_hubs
    std::unique_ptr<HubLink> link;
  };
  /// To other hubs, say, or with another window. It does nothing yet.
  Link made_link(const DeliverySettings& settings);
  /// Has the road go on with this link. Queue and spool stay. Answers to what is under way are waited for, some seconds
  /// at most; what is unanswered then is sent again.
  void change_link(Link now, common::Liveness& liveness);

  /// Queue, spool and counts of this road, for a heartbeat that goes by it.
  void describe(common::Message& heartbeat) const;

  /// Logs what gave way since the last time, once a minute at most.
  void report_drops();

  /// The stop begins: `timeout_ns` is left for a hub that answers, a second for one that does not.
  void begin_stop(std::int64_t timeout_ns);
  /// Waits until all is delivered or the time is over.
  void finish();
  /// When cameras do not put any more: ends the link. Then the memory goes to the spool, on the spool's thread.
  void end_link();
  void begin_spooling(std::int64_t by_ns);
  /// Waits until it is there; what was put since goes there too. May be called again.
  void finish_spooling();
  /// Logs what waits for the next start, and what is lost.
  void tell_rest();

 private:
  void wake_link();
  void report_new_drops();
  std::string to_hub() const;

  const DeliverySettings settings_;
  const Sender sender_;
  const common::Clock& clock_;
  Ledger* const ledger_;
  HubLink::OnCommand take_command_ = [](std::uint64_t, const std::string&) {};
  Outbox outbox_;
  std::mutex link_mutex_;  ///< whoever puts wakes the link, which the main thread may be changing
  Link link_;
  std::unique_ptr<LocalStore> local_;  ///< in the place of the link
  std::unique_ptr<Spooler> spooler_;
  std::int64_t stop_by_ns_ = 0;
  std::int64_t next_report_ns_ = 0;
  std::uint64_t reported_drops_ = 0;
};

using Deliveries = std::vector<std::unique_ptr<Delivery>>;

/// Ends all roads: links, then spools, which write at the same time, each until `by_ns`. What one of them reports
/// meanwhile goes by every road, also by one whose spool was through already.
void stop_together(const Deliveries& deliveries, std::int64_t by_ns);

}  // namespace imagenode
