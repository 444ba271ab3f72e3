#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace common {

/// A queue between threads with at most `capacity` items. Thread-safe. After close() pushes fail and pops give what
/// is left, then nothing.
template <typename Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Makes room by giving up the oldest items; returns how many.
  std::size_t push_dropping_oldest(Item item) {
    std::size_t dropped = 0;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return 1;
      for (; items_.size() >= capacity_; ++dropped) items_.pop_front();
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
    return dropped;
  }

  /// Waits for an item; nothing once the queue is closed and empty.
  std::optional<Item> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false;
};

}  // namespace common
