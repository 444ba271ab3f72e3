#include "common/avahi_session.hpp"

#include <avahi-client/client.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <poll.h>

#include <algorithm>
#include <new>

#include "common/clock.hpp"
#include "common/files.hpp"

namespace common {
namespace {

constexpr std::int64_t kFirstPause = kSecond;
constexpr std::int64_t kLongestPause = 60 * kSecond;

struct FreePoll {
  void operator()(AvahiSimplePoll* poll) const { avahi_simple_poll_free(poll); }
};
struct FreeClient {
  void operator()(AvahiClient* client) const { avahi_client_free(client); }
};

}  // namespace

struct AvahiSession::Impl {
  explicit Impl(User given) : user(std::move(given)), poll(avahi_simple_poll_new()) {
    if (!poll) throw std::bad_alloc();
    // Avahi's own wake-up is lost when it comes just before the poll; a readable descriptor is not.
    const AvahiPoll* api = avahi_simple_poll_get(poll.get());
    if (api->watch_new(
            api, wake.fd(), AVAHI_WATCH_IN, [](AvahiWatch*, int, AvahiWatchEvent, void*) {}, nullptr) == nullptr) {
      throw std::bad_alloc();
    }
  }

  void run(const std::stop_token& stop);
  void open();
  void changed(AvahiClient* state_of, AvahiClientState state);
  void away();
  void absent(int error);

  const User user;
  const SystemClock clock;
  const WakeUp wake;
  const std::unique_ptr<AvahiSimplePoll, FreePoll> poll;
  std::unique_ptr<AvahiClient, FreeClient> client;
  bool running = false;
  bool failed = false;
  bool told_absent = false;
  std::int64_t pause_ns = kFirstPause;
  std::int64_t next_try_ns = 0;
};

void AvahiSession::Impl::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (failed) {
      away();
      client.reset();
      failed = false;
      next_try_ns = clock.monotonic_ns() + pause_ns;
      pause_ns = std::min(2 * pause_ns, kLongestPause);
    }
    const std::int64_t left_ns = next_try_ns - clock.monotonic_ns();
    if (!client && left_ns <= 0) {
      open();
      continue;
    }
    const int ms = client ? -1 : static_cast<int>(left_ns / kMillisecond + 1);
    if (avahi_simple_poll_iterate(poll.get(), ms) < 0) {
      // Out of memory, perhaps: not to be tried again without a pause.
      pollfd woken{wake.fd(), POLLIN, 0};
      (void)::poll(&woken, 1, static_cast<int>(kFirstPause / kMillisecond));
    }
  }
  away();
  client.reset();
}

void AvahiSession::Impl::open() {
  const auto callback = [](AvahiClient* of, AvahiClientState state, void* self) {
    static_cast<Impl*>(self)->changed(of, state);
  };
  int error = 0;
  // NO_FAIL: without a daemon the client waits until one comes, as long as there is a D-Bus.
  client.reset(avahi_client_new(avahi_simple_poll_get(poll.get()), AVAHI_CLIENT_NO_FAIL, callback, this, &error));
  if (!client) {
    failed = true;
    absent(error);
  }
}

/// Called from within avahi_client_new() too, when `client` is not set yet.
void AvahiSession::Impl::changed(AvahiClient* state_of, AvahiClientState state) {
  switch (state) {
    case AVAHI_CLIENT_S_RUNNING:
      told_absent = false;
      pause_ns = kFirstPause;
      running = true;
      user.on_running(state_of);
      break;
    case AVAHI_CLIENT_CONNECTING:
      absent(AVAHI_ERR_NO_DAEMON);
      break;
    case AVAHI_CLIENT_FAILURE:
      away();
      failed = true;
      break;
    case AVAHI_CLIENT_S_REGISTERING:
    case AVAHI_CLIENT_S_COLLISION:
      away();
      break;
  }
}

void AvahiSession::Impl::away() {
  if (!running) return;
  running = false;
  user.on_away();
}

void AvahiSession::Impl::absent(int error) {
  if (told_absent) return;
  told_absent = true;
  user.on_absent(avahi_strerror(error));
}

AvahiSession::AvahiSession(User user) : impl_(std::make_unique<Impl>(std::move(user))) {}

AvahiSession::~AvahiSession() {
  stop();
}

void AvahiSession::start(Liveness& liveness, const std::string& thread_name) {
  thread_ = start_thread(liveness, thread_name, [impl = impl_.get()](const std::stop_token& stop, auto& self) {
    // All its work is calls to the daemon, which may take as long as the daemon likes: that is waiting.
    const Liveness::Waiting waiting(self);
    impl->run(stop);
  });
}

void AvahiSession::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  impl_->wake.signal();
  thread_.join();
}

}  // namespace common
