#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace common {

/// Tells the watchdog of the service whether every thread makes progress. A thread says when it begins to wait
/// (for a queue, a socket, a back-off) and when it has work again; a thread at work for too long is stuck. Thread-safe.
class Liveness {
 public:
  class Thread {
   public:
    explicit Thread(std::string name) : name_(std::move(name)) {}
    const std::string& name() const { return name_; }
    void working();
    void waiting() { working_since_ns_ = 0; }

   private:
    friend class Liveness;
    std::string name_;
    std::atomic<std::int64_t> working_since_ns_{0};  // monotonic; 0 while it waits
  };

  /// Waiting for the life of this object.
  class Waiting {
   public:
    explicit Waiting(Thread& thread) : thread_(thread) { thread_.waiting(); }
    ~Waiting() { thread_.working(); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Thread& thread_;
  };

  std::shared_ptr<Thread> add(std::string name);

  /// Name of a thread that has been at work without a pause for longer than `limit_ns`.
  std::optional<std::string> stuck(std::int64_t limit_ns) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Thread>> threads_;
};

/// A thread under its name (cut to the kernel's 15 characters), known to `liveness` while it runs.
/// `run` gets its own entry and a token that is set by the jthread's request_stop or destructor.
std::jthread start_thread(Liveness& liveness, const std::string& name,
                          std::function<void(std::stop_token, Liveness::Thread&)> run);

}  // namespace common
