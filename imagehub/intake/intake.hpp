#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/thread.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/live/counters.hpp"
#include "imagehub/live/live.hpp"
#include "imagehub/live/node_commands.hpp"
#include "imagehub/live/nodes.hpp"

namespace imagehub {

struct IntakeSettings {
  std::vector<std::string> addresses{"tcp://*:5555"};  ///< bound for REQ senders and nodes
  std::vector<std::string> subscribe;                  ///< imagezmq PUB senders to connect to
  int max_message_mb = 64;                             ///< payload of one message
  int intake_mb = 256;                                 ///< messages without an answer, in all
};

/// Rates and numbers for status.
struct IntakeStatus {
  std::uint64_t received = 0;  ///< messages since the start
  std::uint64_t answered = 0;
  std::uint64_t in_flight_messages = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t waiting_messages = 0;  ///< of these, plain senders' that cannot be stored now
  std::uint64_t waiting_bytes = 0;
  std::uint64_t connections = 0;
  bool holding_back = false;  ///< the bound is reached; senders wait
};

/// The only way into the hub: receives from REQ senders, nodes and PUB senders, checks, hands on to Filing and
/// answers every request exactly once. Holds no more than `intake_mb`; beyond that it stops reading and TCP pushes
/// back. What plain senders wait for while it cannot be stored has a bound of its own, so that others go on: half as
/// much, or the last message of each connection if that is more; nothing for a connection that has ended. One thread of
/// its own; answer(), stop_accepting() and status() are thread-safe.
class Intake {
 public:
  /// Binds and connects. Throws std::runtime_error with address, cause and remedy when it cannot.
  Intake(const IntakeSettings& settings, std::string hub_name, Nodes& nodes, NodeCommands& commands, Live& live,
         Counters& counters, const common::Clock& clock);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  using Submit = std::function<void(Received)>;
  using GiveUp = std::function<void(Ticket, const std::string& reason)>;
  void start(Submit submit, GiveUp give_up, common::Liveness& liveness);

  /// What became of a request; wakes the thread, which sends the reply.
  void answer(Ticket ticket, Outcome outcome);

  /// From now on nodes are told RETRY "shutting down", and plain senders wait for the next hub.
  void stop_accepting();

  IntakeStatus status() const;

  /// When the last message of any kind came, monotonic; before the first one, when this was made.
  std::int64_t last_message_ns() const;

  /// Addresses as bound: a port given as * or 0 is the real one.
  std::vector<std::string> bound_addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
