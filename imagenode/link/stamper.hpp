#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"

namespace imagenode {

class Outbox;

/// Gives each message its identity (boot, seq), the state of the clock and the CRC of its payload, once, and hands the
/// same message to every Outbox, in the order of seq. Thread-safe.
class Stamper {
 public:
  /// In a demo nothing gets a number, and all is marked so that no hub stores it.
  Stamper(std::uint64_t boot, const common::Clock& clock, std::vector<Outbox*> outboxes, bool demo = false);

  std::uint64_t boot() const { return boot_; }

  /// A stored message (event, image, data), which is returned as it was stamped. A time of capture that the source did
  /// not set is now. Never blocks.
  common::MessagePtr put(common::Message message);

  /// What is never stored: a heartbeat, a tuning image, live rows. It gets no number.
  void put_unstored(common::Message message);
  /// The same for one Outbox alone.
  void put_unstored(common::Message message, Outbox& outbox) const;

 private:
  common::MessagePtr stamped_unstored(common::Message message) const;

  const std::uint64_t boot_;
  const common::Clock& clock_;
  const std::vector<Outbox*> outboxes_;
  const bool demo_;
  std::mutex mutex_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace imagenode
