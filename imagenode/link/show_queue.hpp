#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "common/message.hpp"

namespace imagenode {

/// What waits to be shown by a hub and is never stored: rows of lines, and everything in a demo. In the order in which
/// it came; of pictures and heartbeats only the newest of each text. Bounded: the oldest gives way, uncounted, since
/// rows come in their chunks as well. Not thread-safe.
class ShowQueue {
 public:
  static constexpr std::size_t kMaxMessages = 1000;
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;  ///< or one message

  void put(common::MessagePtr message) {
    const common::Kind kind = common::kind_of(message->text, true);
    const bool each = kind == common::Kind::event || delivery_class(kind) == common::DeliveryClass::data;
    if (!each) drop(message->text);
    bytes_ += message->payload.size();
    messages_.push_back(std::move(message));
    while (messages_.size() > 1 && (messages_.size() > kMaxMessages || bytes_ > kMaxBytes)) take();
  }

  /// The oldest; null when there is none.
  common::MessagePtr take() {
    if (messages_.empty()) return nullptr;
    common::MessagePtr message = std::move(messages_.front());
    messages_.pop_front();
    bytes_ -= message->payload.size();
    return message;
  }

  void clear() {
    messages_.clear();
    bytes_ = 0;
  }

 private:
  void drop(const std::string& text) {
    const auto at = std::find_if(messages_.begin(), messages_.end(),
                                 [&](const common::MessagePtr& message) { return message->text == text; });
    if (at == messages_.end()) return;
    bytes_ -= (*at)->payload.size();
    messages_.erase(at);
  }

  std::deque<common::MessagePtr> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace imagenode
