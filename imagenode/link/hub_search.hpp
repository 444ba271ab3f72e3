#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/thread.hpp"
#include "imagenode/link/greeting.hpp"
#include "imagenode/link/hub_choice.hpp"
#include "imagenode/link/keep_alive.hpp"
#include "imagenode/link/link_settings.hpp"
#include "imagenode/link/return_probe.hpp"

namespace imagenode {

/// The hubs that may be used now, the best one first. Thread-safe.
using HubAddresses = std::function<std::vector<std::string>()>;

/// Tries hubs until one answers, for ever: one after the other, with at least a second for each attempt, and patience
/// doubled to ten minutes while none answers. Bound to the link's thread.
class HubSearch {
 public:
  /// `wake` ends waiting early; `trying` is told each address that is tried, and an empty one while none is known.
  HubSearch(const LinkSettings& settings, const Sender& sender, const common::Clock& clock, const common::WakeUp& wake,
            HubAddresses addresses, std::function<void(const std::string&)> trying);

  /// A hub that has answered; nothing only when the thread is to stop.
  std::unique_ptr<Greeting> find(const std::stop_token& stop, common::Liveness::Thread& self);

  /// The hub that was found broke off, fell silent, or sent us away because it shuts down.
  void lost(bool sent_away);
  /// It answered, and cannot be used.
  void unfit() { choice_.broke_off(address_); }

  /// While the found hub is in use: whether the first one of the list is back.
  ReturnProbe& first() { return first_; }
  const ReturnProbe& first() const { return first_; }
  /// After first() said `leave`.
  std::unique_ptr<Greeting> take_first();

 private:
  std::unique_ptr<Greeting> greet(const std::string& address) const;
  std::unique_ptr<Greeting> attempt(const std::stop_token& stop, common::Liveness::Thread& self);
  void unanswered();
  void begin_anew();
  void set_address(const std::string& address);
  std::string better_address() const;
  void pause(const std::stop_token& stop, common::Liveness::Thread& self) const;
  void wait_for_wake(std::int64_t timeout_ns, common::Liveness::Thread& self) const;

  const LinkSettings settings_;
  const Sender sender_;
  const common::Clock& clock_;
  const common::WakeUp& wake_;
  const HubAddresses addresses_;
  const std::function<void(const std::string&)> trying_;

  HubChoice choice_;
  ReturnProbe first_;
  std::string address_;  ///< that is tried or in use
  std::int64_t patience_ns_;
  std::int64_t pause_until_ns_ = 0;
  std::size_t sent_away_in_a_row_ = 0;  ///< by hubs that shut down, one after the other
  bool told_absent_ = false;
};

}  // namespace imagenode
