#include "imagehub/intake/intake.hpp"

#include <atomic>
#include <variant>
#include <zmq.hpp>

#include "common/files.hpp"
#include "common/log.hpp"
#include "common/reply.hpp"
#include "common/text.hpp"
#include "common/wire.hpp"
#include "imagehub/intake/flow_guard.hpp"
#include "imagehub/intake/open_requests.hpp"
#include "imagehub/intake/replies.hpp"
#include "imagehub/intake/request.hpp"
#include "imagehub/intake/sockets.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::Reply;

constexpr std::uint64_t kMegabyte = 1024 * 1024;
/// What a message costs beside its frames, about: without it small ones would not be bounded.
constexpr std::uint64_t kBookkeepingBytes = 2048;
/// Routing ids have at most 255 bytes each; a larger envelope is there to be repeated in every reply.
constexpr std::uint64_t kMaxEnvelopeBytes = 4096;
/// Messages taken in a row before answers have their turn.
constexpr int kMaxReceivedInARow = 64;
constexpr std::int64_t kCheckInterval = common::kSecond / 2;
/// A node whose message is not answered after this time is told WAIT, again after each such time.
constexpr std::int64_t kWaitInterval = 3 * common::kSecond;

}  // namespace

struct Intake::Impl {
  Impl(const IntakeSettings& given, std::string name, Nodes& the_nodes, NodeCommands& the_commands, Live& the_live,
       Counters& the_counters, const common::Clock& the_clock)
      : settings(given),
        nodes(the_nodes),
        commands(the_commands),
        live(the_live),
        counters(the_counters),
        clock(the_clock),
        replies(router, std::move(name), the_counters) {}

  void open();
  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  void wait(common::Liveness::Thread& self, bool reading, std::vector<bool>& readable);
  bool take(zmq::socket_t& socket, bool answers);
  void handle(RawMessage raw, bool answers);
  void handle_message(common::Message message, Request request, bool answers);
  void refuse(const common::Refusal& refusal, Request& request, bool answers, const std::string& peer);
  void send_answers();
  void tell_rejected(const Outcome& outcome);
  void every_interval(bool drained);
  void tell_to_wait(std::int64_t now_ns);
  void give_up(const std::vector<Ticket>& tickets, const std::string& why);
  std::uint64_t max_bytes() const { return static_cast<std::uint64_t>(settings.intake_mb) * kMegabyte; }
  /// What waits to be stored at all is bounded apart.
  std::uint64_t held() const { return requests.in_flight().bytes - requests.waiting().bytes; }
  /// Publishers wait for nothing, so they may take half of the bound only: the other half is for those who do.
  bool full_for(bool answers) const { return held() >= (answers ? max_bytes() : max_bytes() / 2); }

  const IntakeSettings settings;
  Nodes& nodes;
  NodeCommands& commands;
  Live& live;
  Counters& counters;
  const common::Clock& clock;
  common::RateGate gate{common::kSecond};

  zmq::context_t context{1};
  zmq::socket_t router;
  Replies replies;
  std::vector<zmq::socket_t> subscribers;
  std::unique_ptr<FlowGuard> guard;
  std::vector<std::string> bound;

  Submit submit;
  GiveUp tell_given_up;
  OpenRequests requests;
  Ticket last_ticket = 0;
  std::int64_t last_check_ns = 0;

  common::WakeUp wake;
  std::mutex mutex;
  std::vector<std::pair<Ticket, Outcome>> answers_to_send;
  std::mutex submitting;  ///< held while Filing is called, so that stop_accepting() returns after the last time
  bool accepting = true;

  std::atomic<std::int64_t> last_message_ns{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<bool> holding_back{false};

  std::jthread thread;
};

void Intake::Impl::open() {
  router = make_router(context, settings.max_message_mb);
  const std::uint64_t largest = (static_cast<std::uint64_t>(settings.max_message_mb) + 1) * kMegabyte;
  guard = std::make_unique<FlowGuard>(context, router, largest, kReceiveWatermark);
  bound = bind_all(router, settings.addresses);
  subscribers = subscribe_to(context, settings.subscribe, settings.max_message_mb);
}

void Intake::Impl::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  while (!stop.stop_requested()) {
    holding_back = full_for(true);
    const bool reading = !holding_back;
    std::vector<bool> readable(1 + subscribers.size(), false);
    wait(self, reading, readable);
    send_answers();
    guard->handle_events();
    const bool drained = reading && (!readable[0] || take(router, true));
    for (std::size_t i = 0; i < subscribers.size(); ++i) {
      if (readable[i + 1]) take(subscribers[i], false);
    }
    connections = guard->connections();
    every_interval(drained);
  }
  send_answers();
}

void Intake::Impl::wait(common::Liveness::Thread& self, bool reading, std::vector<bool>& readable) {
  const common::Liveness::Waiting waiting(self);
  std::vector<zmq::pollitem_t> items{{nullptr, wake.fd(), ZMQ_POLLIN, 0},
                                     {guard->monitor().handle(), 0, ZMQ_POLLIN, 0}};
  const std::size_t first_socket = items.size();
  if (reading) {
    items.push_back({router.handle(), 0, ZMQ_POLLIN, 0});
    const short events = full_for(false) ? 0 : ZMQ_POLLIN;
    for (auto& subscriber : subscribers) items.push_back({subscriber.handle(), 0, events, 0});
  }
  const bool watching = !requests.empty() || guard->connections() > 0;
  const std::chrono::milliseconds timeout(watching ? kCheckInterval / common::kMillisecond : -1);
  try {
    zmq::poll(items, timeout);
  } catch (const zmq::error_t& error) {
    // A process that was stopped and goes on, or a debugger that attaches.
    if (error.num() != EINTR) throw;
    return;
  }
  if ((items[0].revents & ZMQ_POLLIN) != 0) wake.clear();
  for (std::size_t i = first_socket; i < items.size(); ++i) {
    readable[i - first_socket] = (items[i].revents & ZMQ_POLLIN) != 0;
  }
}

/// Whether the socket has no more.
bool Intake::Impl::take(zmq::socket_t& socket, bool answers) {
  for (int i = 0; i < kMaxReceivedInARow && !full_for(answers); ++i) {
    auto raw = receive(socket, answers);
    if (!raw) return true;
    handle(std::move(*raw), answers);
  }
  return false;
}

void Intake::Impl::handle(RawMessage raw, bool answers) {
  ++received;
  last_message_ns = clock.monotonic_ns();
  const bool has_delimiter = !raw.envelope.empty() && raw.envelope.back().size() == 0;
  // Not the first frame: the routing id was made by libzmq and need not know where the message came from.
  zmq::message_t& wire_frame = raw.envelope.size() > 1 ? raw.envelope[1] : raw.body.front();
  if (answers) {
    guard->handle_events();
    guard->delivered(wire_frame, raw.bytes, raw.frames);
  }
  const bool envelope_too_large = raw.envelope_bytes() > kMaxEnvelopeBytes;
  Request request;
  request.bytes = raw.bytes + kBookkeepingBytes;
  request.last_word_ns = clock.monotonic_ns();
  if (answers) request.connection = guard->connection_of(wire_frame);
  request.envelope = std::move(raw.envelope);
  if (answers && !has_delimiter) {
    // Without the empty frame there is no way to answer that the sender would understand.
    counters.add("ignored: no empty frame");
    return;
  }
  if (answers && envelope_too_large) {
    counters.add("ignored: envelope too large");
    return;
  }
  if (raw.too_many_frames || raw.body.size() != 2) {
    const std::string from = answers ? peer_of(request.envelope.back()) : "publisher";
    refuse({"not two frames", cat(raw.body.size(), " frames"), std::nullopt}, request, answers, from);
    return;
  }
  const std::string from = peer_of(raw.body[0]);
  const common::Payload payload = to_payload(std::move(raw.body[1]));
  auto decoded = common::decode_message(raw.body[0].to_string_view(), payload);
  if (const auto* refusal = std::get_if<common::Refusal>(&decoded)) {
    refuse(*refusal, request, answers, from);
    return;
  }
  auto& message = std::get<common::Message>(decoded);
  if (payload.size() > static_cast<std::uint64_t>(settings.max_message_mb) * kMegabyte) {
    const std::string detail = cat(payload.size(), " bytes, max_message_mb is ", settings.max_message_mb);
    refuse({"message too large", detail, message.seq, message.boot.has_value()}, request, answers, from);
    return;
  }
  handle_message(std::move(message), std::move(request), answers);
}

void Intake::Impl::handle_message(common::Message message, Request request, bool answers) {
  request.has_boot = message.boot.has_value();
  if (request.has_boot) request.seq = message.seq;
  const common::Kind kind = common::kind_of(message.text, request.has_boot);
  live.take(message, kind);
  // The text of a tuning image names a stage, not a node; what is only shown leaves no trace.
  if (kind != common::Kind::tuning && !message.only_shown()) nodes.seen(message);
  if (!is_stored(kind) || message.only_shown()) {
    if (answers) replies.send_ok(request);
    if (answers && !message.only_shown()) replies.send_command(request, commands.due(message));
    return;
  }
  const std::lock_guard lock(submitting);
  if (!accepting) {
    // A plain sender gets no answer: it waits, and sends again to the hub that comes next.
    if (answers && request.seq) replies.send(request.envelope, {Reply::Kind::retry, *request.seq, "shutting down"});
    if (!answers) counters.add("dropped: publisher's message, shutting down");
    return;
  }
  if (answers) replies.send_command(request, commands.due(message));
  if (!message.seq) message.boot.reset();  // without a number it has no identity
  Received received_message;
  received_message.monotonic_ns = clock.monotonic_ns();
  received_message.message = std::make_shared<const common::Message>(std::move(message));
  const Ticket ticket = ++last_ticket;
  received_message.ticket = ticket;
  received_message.sender_waits = answers;
  if (answers) received_message.connection = request.envelope.front().to_string();
  if (!answers) request.envelope.clear();
  requests.add(ticket, std::move(request));
  submit(std::move(received_message));
}

void Intake::Impl::refuse(const common::Refusal& refusal, Request& request, bool answers, const std::string& peer) {
  counters.add("refused: " + refusal.reason);
  if (const auto held_back = gate.pass(refusal.reason, clock.monotonic_ns())) {
    common::log::warn(cat("refused a message from ", peer, ": ", common::escaped(refusal.detail),
                          *held_back > 0 ? cat(" (and ", *held_back, " more like it)") : ""));
  }
  if (!answers) return;
  if (refusal.seq) {
    replies.send(request.envelope, {Reply::Kind::reject, *refusal.seq, refusal.reason});
  } else {
    // A plain sender would wait for ever; it can send nothing better.
    request.has_boot = refusal.has_boot;
    replies.send_ok(request);
  }
}

void Intake::Impl::send_answers() {
  std::vector<std::pair<Ticket, Outcome>> ready;
  {
    const std::lock_guard lock(mutex);
    ready.swap(answers_to_send);
  }
  for (auto& [ticket, outcome] : ready) {
    if (outcome.kind == Outcome::Kind::waits) {
      requests.set_waiting(ticket);
      continue;
    }
    const auto taken = requests.take(ticket);
    if (!taken) continue;
    const Request& request = *taken;
    if (outcome.kind == Outcome::Kind::dropped) {
      counters.add(outcome.reason);
      continue;
    }
    if (outcome.kind == Outcome::Kind::reject) tell_rejected(outcome);
    if (outcome.kind == Outcome::Kind::retry) {
      counters.add((request.envelope.empty() ? "dropped: publisher's message, " : "told to retry: ") + outcome.reason);
    }
    if (request.envelope.empty()) continue;  // nobody waits for an answer
    if (!request.seq || outcome.kind == Outcome::Kind::stored) {
      replies.send_ok(request);
    } else {
      const auto kind = outcome.kind == Outcome::Kind::retry ? Reply::Kind::retry : Reply::Kind::reject;
      const std::string text = outcome.detail.empty() ? outcome.reason : cat(outcome.reason, ": ", outcome.detail);
      replies.send(request.envelope, {kind, *request.seq, common::escaped(text)});
    }
  }
  give_up(requests.give_up_beyond(max_bytes() / 2), "another one followed");
}

void Intake::Impl::tell_rejected(const Outcome& outcome) {
  counters.add("rejected: " + outcome.reason);
  if (const auto held_back = gate.pass("rejected: " + outcome.reason, clock.monotonic_ns())) {
    common::log::warn(cat("rejected a message: ", outcome.reason, outcome.detail.empty() ? "" : ": ",
                          common::escaped(outcome.detail), *held_back > 0 ? cat(" (and ", *held_back, " more)") : ""));
  }
}

void Intake::Impl::every_interval(bool drained) {
  const std::int64_t now = clock.monotonic_ns();
  if (now - last_check_ns < kCheckInterval) return;
  last_check_ns = now;
  tell_to_wait(now);
  if (requests.waiting().messages > 0) {
    give_up(requests.give_up_closed(guard->open_connections()), "its connection ended");
  }
  if (const int cut = guard->check(drained); cut > 0) {
    counters.add("connections cut: endless message", static_cast<std::uint64_t>(cut));
    if (gate.pass("endless message", now))
      common::log::warn(cat("cut ", cut, " connection(s) that sent a message without end"));
  }
  if (const std::uint64_t fruitless = guard->take_fruitless(); fruitless > 0) {
    counters.add("connections ended without a whole message", fruitless);
    if (gate.pass("fruitless connections", now)) {
      common::log::warn(cat(fruitless,
                            " connection(s) ended without a whole message: messages far over max_message_mb (",
                            settings.max_message_mb, "), or not ZeroMQ"));
    }
  }
}

void Intake::Impl::tell_to_wait(std::int64_t now_ns) {
  for (auto& [ticket, request] : requests.all()) {
    if (!request.seq || request.envelope.empty() || now_ns - request.last_word_ns < kWaitInterval) continue;
    request.last_word_ns = now_ns;
    replies.send(request.envelope, {Reply::Kind::wait, 0, "storing"});
  }
}

/// It was never acknowledged, and its sender has gone, or goes on without it.
void Intake::Impl::give_up(const std::vector<Ticket>& tickets, const std::string& why) {
  if (tickets.empty()) return;
  // Who is told may be gone after stop_accepting().
  const std::lock_guard lock(submitting);
  if (!accepting) return;
  if (gate.pass(why, clock.monotonic_ns())) {
    common::log::warn(
        cat("dropped ", tickets.size(), " message(s) of plain senders that could not be stored so far: ", why));
  }
  for (const Ticket ticket : tickets) tell_given_up(ticket, "dropped: plain sender's message, " + why);
}

Intake::Intake(const IntakeSettings& settings, std::string hub_name, Nodes& nodes, NodeCommands& commands, Live& live,
               Counters& counters, const common::Clock& clock)
    : impl_(std::make_unique<Impl>(settings, std::move(hub_name), nodes, commands, live, counters, clock)) {
  impl_->open();
}

Intake::~Intake() {
  impl_->thread.request_stop();
  impl_->wake.signal();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Intake::start(Submit submit, GiveUp give_up, common::Liveness& liveness) {
  impl_->last_message_ns = impl_->clock.monotonic_ns();  // silence counts from here
  impl_->submit = std::move(submit);
  impl_->tell_given_up = std::move(give_up);
  impl_->thread = common::start_thread(
      liveness, "intake", [impl = impl_.get()](const std::stop_token& stop, auto& self) { impl->run(stop, self); });
}

void Intake::answer(Ticket ticket, Outcome outcome) {
  bool first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    first = impl_->answers_to_send.empty();
    impl_->answers_to_send.emplace_back(ticket, std::move(outcome));
  }
  if (first) impl_->wake.signal();  // those behind it are taken with it
}

void Intake::stop_accepting() {
  const std::lock_guard lock(impl_->submitting);
  impl_->accepting = false;
}

IntakeStatus Intake::status() const {
  const OpenRequests& requests = impl_->requests;
  return {.received = impl_->received,
          .answered = impl_->replies.answered(),
          .in_flight_messages = requests.in_flight().messages,
          .in_flight_bytes = requests.in_flight().bytes,
          .waiting_messages = requests.waiting().messages,
          .waiting_bytes = requests.waiting().bytes,
          .connections = impl_->connections,
          .holding_back = impl_->holding_back};
}

std::int64_t Intake::last_message_ns() const {
  return impl_->last_message_ns;
}

std::vector<std::string> Intake::bound_addresses() const {
  return impl_->bound;
}

}  // namespace imagehub
