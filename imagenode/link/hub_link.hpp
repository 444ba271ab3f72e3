#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/thread.hpp"
#include "imagenode/link/bandwidth.hpp"
#include "imagenode/link/delivery_report.hpp"
#include "imagenode/link/hub_connection.hpp"
#include "imagenode/link/hub_search.hpp"
#include "imagenode/link/in_flight.hpp"
#include "imagenode/link/late_share.hpp"
#include "imagenode/link/ledger.hpp"
#include "imagenode/link/link_settings.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {

struct LinkStatus {
  bool connected = false;
  std::string address;  ///< of the hub that answers, or of the one that is tried; empty while none is known
  std::string hub;      ///< "imagehub/1.0.0 live <id>"; empty for a hub that is not ours
  std::uint64_t connections = 0;
};

/// Brings what is in the Outbox to a hub, on a thread of its own, and never gives up: a hub that is absent, dies, stops
/// or is replaced is tried again, after the others and, while none answers, with patience doubled to ten minutes. From
/// another hub than the first it goes back to the first when that is there again. status() and wake() are thread-safe.
class HubLink {
 public:
  /// `ledger` may be left out. `addresses` stands for those of the settings where they are not known beforehand; wake()
  /// tells that they have changed.
  HubLink(const LinkSettings& settings, Sender sender, Outbox& outbox, const common::Clock& clock,
          Ledger* ledger = nullptr, HubAddresses addresses = {});
  ~HubLink();
  HubLink(const HubLink&) = delete;
  HubLink& operator=(const HubLink&) = delete;

  /// Before start(): counts go on where those of a link are that was stopped.
  void succeed(const HubLink& before) { report_ = before.report_; }
  void start(common::Liveness& liveness);
  /// Ends the thread; what is unanswered stays in the Outbox. Before that it sends nothing more and waits for answers,
  /// for `for_answers_ns` at most.
  void stop(std::int64_t for_answers_ns = 0);
  /// What is done with the commands of hubs of ours; called from the link's thread. Before start().
  using OnCommand = std::function<void(std::uint64_t id, const std::string& text)>;
  void on_command(OnCommand take) { take_command_ = std::move(take); }
  /// Something new lies in the Outbox, or other hubs are known.
  void wake() const { wake_.signal(); }

  LinkStatus status() const;

 private:
  static constexpr std::int64_t kKeepAliveInterval = 10 * common::kSecond;
  /// From this failure on others are let pass first, to see whether it is the message or the hub.
  static constexpr int kSuspectFailures = 4;
  /// Order of importance when the window is small or the link slow.
  static constexpr std::array kOrder{common::DeliveryClass::event, common::DeliveryClass::data,
                                     common::DeliveryClass::image};

  /// Why a connection ended.
  enum class End { stopped, silent, broken, moved_on, to_first, unfit };

  /// After RETRY nothing of the class is sent until all that is under way has its answer and the time is over.
  struct Hold {
    std::int64_t until_ns = 0;
    int times = 0;
  };

  /// The message that was the oldest when connections broke, again and again.
  struct Suspect {
    Identity identity;
    int failures = 0;       ///< connections that ended with it unanswered
    int others_passed = 0;  ///< of these, how many were followed by a delivery of others
    common::MessagePtr parked;
  };

  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  End use(Greeting& greeting, const std::stop_token& stop, common::Liveness::Thread& self);
  End serve(const std::stop_token& stop, common::Liveness::Thread& self);
  bool waits_for_answers(std::int64_t now_ns) const;
  End refuse(const Greeting& greeting);
  void welcome(Greeting& greeting);
  void disconnect(End end);

  void send_waiting(std::int64_t now_ns);
  bool send_next(std::int64_t now_ns);
  common::MessagePtr next_message(std::int64_t now_ns);
  common::MessagePtr next_stored(std::int64_t now_ns);
  common::MessagePtr next_unstored();
  common::MessagePtr next_shown();
  struct Choice {
    common::MessagePtr message;
    bool waits_for_room = false;
  };
  Choice choose(Lane lane, std::int64_t now_ns);
  bool has_room(std::size_t bytes) const;
  void send(const common::MessagePtr& message, std::int64_t now_ns);
  void send_keep_alive(std::int64_t now_ns);

  /// False when the hub sends us away.
  bool handle_replies(std::int64_t now_ns);
  bool handle(const common::Reply& reply, std::int64_t now_ns);
  void acknowledged_without_number(std::int64_t now_ns);
  void delivered(const InFlight::Entry& entry, std::int64_t now_ns);
  bool retry(const common::Reply& reply, std::int64_t now_ns);
  void reject(const common::Reply& reply);

  void park_suspect();
  void blame(const Identity& identity);
  std::int64_t deadline_ns() const;
  std::int64_t wait_ns(std::int64_t now_ns) const;

  const LinkSettings settings_;
  const Sender sender_;
  Outbox& outbox_;
  const common::Clock& clock_;
  Ledger* const ledger_;
  common::WakeUp wake_;
  OnCommand take_command_ = [](std::uint64_t, const std::string&) {};
  std::atomic<std::int64_t> answers_until_ns_ = 0;  ///< after a stop

  // State of the link's thread.
  std::unique_ptr<HubConnection> connection_;
  HubSearch search_;
  InFlight in_flight_;
  Bandwidth bandwidth_;
  std::array<Hold, common::kDeliveryClasses> holds_;
  Suspect suspect_;
  DeliveryReport report_;
  bool ours_ = false;
  bool told_unfit_ = false;
  std::string hub_id_;   ///< empty for a hub that is not ours
  bool broken_ = false;  ///< noticed while sending or reading
  bool unstored_has_turn_ = true;
  int live_in_a_row_ = 0;  ///< messages, since the last one of the backlog
  LateShare late_share_;
  bool warned_foreign_ = false;
  std::int64_t last_heard_ns_ = 0;
  std::int64_t next_keep_alive_ns_ = 0;

  mutable std::mutex mutex_;
  LinkStatus status_;

  std::jthread thread_;
};

}  // namespace imagenode
