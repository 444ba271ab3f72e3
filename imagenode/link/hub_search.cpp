#include "imagenode/link/hub_search.hpp"

#include <poll.h>

#include <algorithm>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::to_ns;

constexpr std::int64_t kMaxPatience = 600 * common::kSecond;
constexpr std::int64_t kShortestAttempt = common::kSecond;

}  // namespace

HubSearch::HubSearch(const LinkSettings& settings, const Sender& sender, const common::Clock& clock,
                     const common::WakeUp& wake, HubAddresses addresses, std::function<void(const std::string&)> trying)
    : settings_(settings),
      sender_(sender),
      clock_(clock),
      wake_(wake),
      addresses_(addresses ? std::move(addresses) : [this] { return settings_.addresses; }),
      trying_(std::move(trying)),
      first_(
          to_ns(settings.retry_first_s), to_ns(settings.patience_s), [this] { return better_address(); },
          [this](const std::string& address) { return greet(address); }),
      patience_ns_(to_ns(settings.patience_s)) {}

std::unique_ptr<Greeting> HubSearch::find(const std::stop_token& stop, common::Liveness::Thread& self) {
  while (!stop.stop_requested()) {
    pause(stop, self);
    set_address(choice_.next(addresses_()).value_or(""));
    if (address_.empty()) {
      wait_for_wake(-1, self);
      continue;
    }
    pause_until_ns_ = clock_.monotonic_ns() + kShortestAttempt;
    try {
      if (auto greeting = attempt(stop, self)) return greeting;
    } catch (const std::exception& error) {
      common::log::error(error.what());
      unanswered();
    }
  }
  return nullptr;
}

std::unique_ptr<Greeting> HubSearch::attempt(const std::stop_token& stop, common::Liveness::Thread& self) {
  const auto known = addresses_();
  auto greeting = greet(address_);
  while (!stop.stop_requested()) {
    const std::int64_t now = clock_.monotonic_ns();
    const auto state = greeting->look(now);
    if (state == Greeting::State::answered) {
      begin_anew();
      return greeting;
    }
    if (state == Greeting::State::failed) {
      unanswered();
      return nullptr;
    }
    if (addresses_() != known) {
      // Another hub has come, or this one is elsewhere now: no reason to wait as long as for the old ones.
      begin_anew();
      choice_.failed(address_);
      return nullptr;
    }
    const common::Liveness::Waiting waiting(self);
    greeting->connection().wait(wake_.fd(), greeting->next_ns() - now);
    wake_.clear();
  }
  return nullptr;
}

void HubSearch::begin_anew() {
  choice_.answered();
  patience_ns_ = to_ns(settings_.patience_s);
  told_absent_ = false;
}

std::unique_ptr<Greeting> HubSearch::greet(const std::string& address) const {
  const std::int64_t now = clock_.monotonic_ns();
  const common::Message message = keep_alive(sender_, now);
  return std::make_unique<Greeting>(address, message,
                                    now + patience_ns_ + settings_.transfer_ns(message.payload.size()));
}

void HubSearch::unanswered() {
  choice_.failed(address_);
  patience_ns_ = std::min(patience_ns_ * 2, kMaxPatience);
  sent_away_in_a_row_ = 0;
  if (!told_absent_) common::log::warn(cat("hub ", address_, " does not answer; messages are kept and sent again"));
  told_absent_ = true;
}

void HubSearch::lost(bool sent_away) {
  choice_.broke_off(address_);
  common::log::warn(cat("hub ", address_, sent_away ? " shuts down" : " broke off or is silent",
                        "; messages are kept and sent again"));
  // A hub that shuts down is left at once, but when all of them do there must be a pause.
  sent_away_in_a_row_ = sent_away ? sent_away_in_a_row_ + 1 : 0;
  const bool others_left = sent_away_in_a_row_ % std::max<std::size_t>(addresses_().size(), 1) != 0;
  if (sent_away && others_left) pause_until_ns_ = 0;
}

/// The first hub of the list, when it is not the one in use.
std::string HubSearch::better_address() const {
  const auto known = addresses_();
  return known.empty() || known.front() == address_ ? std::string() : known.front();
}

std::unique_ptr<Greeting> HubSearch::take_first() {
  auto greeting = first_.take();
  set_address(greeting->address());
  return greeting;
}

void HubSearch::set_address(const std::string& address) {
  address_ = address;
  trying_(address);
}

/// Keeps a peer that breaks off at once from being called without a pause.
void HubSearch::pause(const std::stop_token& stop, common::Liveness::Thread& self) const {
  while (!stop.stop_requested()) {
    const std::int64_t left = pause_until_ns_ - clock_.monotonic_ns();
    if (left <= 0) return;
    wait_for_wake(left, self);
  }
}

/// -1 waits for ever.
void HubSearch::wait_for_wake(std::int64_t timeout_ns, common::Liveness::Thread& self) const {
  const common::Liveness::Waiting waiting(self);
  pollfd woken{wake_.fd(), POLLIN, 0};
  (void)::poll(&woken, 1, timeout_ns < 0 ? -1 : static_cast<int>(timeout_ns / common::kMillisecond + 1));
  wake_.clear();
}

}  // namespace imagenode
