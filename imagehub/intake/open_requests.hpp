#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>
#include <zmq.hpp>

#include "imagehub/filing/filing.hpp"

namespace imagehub {

/// A request that waits for its answer.
struct Request {
  std::vector<zmq::message_t> envelope;
  bool has_boot = false;             ///< its sender understands more than a plain OK
  std::optional<std::uint64_t> seq;  ///< given by a sender with boot
  std::uint64_t bytes = 0;
  std::int64_t last_word_ns = 0;            ///< when it came, or when its sender was last told WAIT
  std::optional<std::uint64_t> connection;  ///< of a plain sender: see FlowGuard::connection_of
  bool waits = false;                       ///< of a plain sender, and cannot be stored now
  bool given_up = false;
};

/// Requests without an answer, what they hold, and which of those that cannot be stored nobody waits for any more.
/// Bound to the thread of the intake, but for the sums.
class OpenRequests {
 public:
  void add(Ticket ticket, Request request);
  /// Takes it out; nothing when there is none.
  std::optional<Request> take(Ticket ticket);
  /// Of a plain sender: it cannot be stored now, and stays.
  void set_waiting(Ticket ticket);

  bool empty() const { return requests_.empty(); }
  std::map<Ticket, Request>& all() { return requests_; }

  /// Waiting ones whose connection is not among these; each is told once.
  std::vector<Ticket> give_up_closed(const std::set<std::uint64_t>& open);
  /// Waiting ones that have to give way so that all that wait hold at most so many bytes: the oldest first, but never
  /// the last one of a connection. A sender that got no answer and sends again has given up what it sent before.
  std::vector<Ticket> give_up_beyond(std::uint64_t bytes);

  struct Sum {
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> bytes{0};
  };
  /// All of them.
  const Sum& in_flight() const { return in_flight_; }
  /// Of these, plain senders' that cannot be stored now.
  const Sum& waiting() const { return waiting_; }

 private:
  std::map<Ticket, Request> requests_;
  Sum in_flight_;
  Sum waiting_;
};

}  // namespace imagehub
