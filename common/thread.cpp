#include "common/thread.hpp"

#include <pthread.h>

#include "common/clock.hpp"

namespace common {

void Liveness::Thread::working() {
  working_since_ns_ = SystemClock().monotonic_ns();
}

std::shared_ptr<Liveness::Thread> Liveness::add(std::string name) {
  auto thread = std::make_shared<Thread>(std::move(name));
  const std::lock_guard lock(mutex_);
  std::erase_if(threads_, [](const auto& known) { return known.expired(); });
  threads_.push_back(thread);
  return thread;
}

std::optional<std::string> Liveness::stuck(std::int64_t limit_ns) const {
  const std::int64_t now = SystemClock().monotonic_ns();
  const std::lock_guard lock(mutex_);
  for (const auto& known : threads_) {
    const auto thread = known.lock();
    if (!thread) continue;
    const std::int64_t since = thread->working_since_ns_;
    if (since != 0 && now - since > limit_ns) return thread->name();
  }
  return std::nullopt;
}

std::jthread start_thread(Liveness& liveness, const std::string& name,
                          std::function<void(std::stop_token, Liveness::Thread&)> run) {
  auto entry = liveness.add(name);
  return std::jthread([entry = std::move(entry), run = std::move(run)](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), entry->name().substr(0, 15).c_str());
    entry->working();
    run(stop, *entry);
  });
}

}  // namespace common
