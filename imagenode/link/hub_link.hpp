#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/thread.hpp"
#include "imagenode/frame/tiny_picture.hpp"
#include "imagenode/link/bandwidth.hpp"
#include "imagenode/link/hub_connection.hpp"
#include "imagenode/link/in_flight.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {

struct LinkSettings {
  std::vector<std::string> addresses;  ///< tried in turn
  int window = 10;                     ///< messages without an answer, to a hub of ours
  int window_mb = 4;                   ///< and their bytes; one message is always allowed
  double patience_s = 10;              ///< without any reply, before the next attempt
  std::optional<int> bandwidth_kbit;   ///< limit of what the link sends, in kbit/s
};

struct LinkStatus {
  bool connected = false;
  std::string address;  ///< of the hub that answers, or of the one that is tried
  std::string hub;      ///< "imagehub/1.0.0 <id>"; empty for a hub that is not ours
  std::uint64_t connections = 0;
};

/// Brings what is in the Outbox to a hub, on a thread of its own, and never gives up: a hub that is absent, dies, stops
/// or is replaced is tried again, with the next address and, while none answers, with patience doubled to ten minutes.
/// status() and wake() are thread-safe.
class HubLink {
 public:
  HubLink(const LinkSettings& settings, const std::string& node, Outbox& outbox, const common::Clock& clock,
          TinyPicture keep_alive_picture = {});
  ~HubLink();
  HubLink(const HubLink&) = delete;
  HubLink& operator=(const HubLink&) = delete;

  void start(common::Liveness& liveness);
  /// Something new lies in the Outbox.
  void wake() const { wake_.signal(); }

  LinkStatus status() const;

 private:
  /// Why a connection ended.
  enum class End { stopped, silent, broken, moved_on };

  /// After RETRY nothing of the class is sent until all that is under way has its answer and the time is over.
  struct Hold {
    std::int64_t until_ns = 0;
    int times = 0;
  };

  /// The message that was the oldest when connections broke, again and again.
  struct Suspect {
    std::uint64_t seq = 0;
    int failures = 0;       ///< connections that ended with it unanswered
    int others_passed = 0;  ///< of these, how many were followed by a delivery of others
    common::MessagePtr parked;
  };

  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  void pause_until(std::int64_t until_ns, const std::stop_token& stop, common::Liveness::Thread& self);
  End serve(const std::stop_token& stop, common::Liveness::Thread& self);
  bool greet(const std::stop_token& stop, common::Liveness::Thread& self);
  void disconnect(End end);

  void send_waiting(std::int64_t now_ns);
  bool send_next(std::int64_t now_ns);
  common::MessagePtr next_message(std::int64_t now_ns);
  common::MessagePtr next_stored(std::int64_t now_ns);
  common::MessagePtr next_unstored();
  bool has_room(std::size_t bytes) const;
  void send(const common::MessagePtr& message, std::int64_t now_ns);
  void send_keep_alive(std::int64_t now_ns);

  /// False when the hub sends us away.
  bool handle(const common::Reply& reply, std::int64_t now_ns);
  void acknowledged_without_number();
  void delivered(const InFlight::Entry& entry);
  bool retry(const common::Reply& reply, std::int64_t now_ns);
  void reject(const common::Reply& reply);

  void park_suspect();
  void blame(std::uint64_t seq);
  std::int64_t deadline_ns() const;
  std::int64_t wait_ns(std::int64_t now_ns) const;

  const LinkSettings settings_;
  const std::string node_;
  const TinyPicture keep_alive_picture_;
  Outbox& outbox_;
  const common::Clock& clock_;
  common::WakeUp wake_;

  // State of the link's thread.
  std::unique_ptr<HubConnection> connection_;
  std::size_t address_ = 0;
  std::int64_t patience_ns_;
  InFlight in_flight_;
  Bandwidth bandwidth_;
  std::array<Hold, common::kDeliveryClasses> holds_;
  Suspect suspect_;
  bool ours_ = false;
  bool broken_ = false;  ///< noticed while sending or reading
  bool unstored_has_turn_ = true;
  std::size_t moves_in_a_row_ = 0;  ///< hubs that shut down, one after the other
  bool warned_foreign_ = false;
  bool told_absent_ = false;
  std::int64_t last_heard_ns_ = 0;
  std::int64_t next_keep_alive_ns_ = 0;

  mutable std::mutex mutex_;
  LinkStatus status_;

  std::jthread thread_;
};

}  // namespace imagenode
