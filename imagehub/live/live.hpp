#pragma once

#include <atomic>
#include <cstdint>

#include "imagehub/live/live_rows.hpp"
#include "imagehub/live/live_views.hpp"

namespace imagehub {

/// What the hub can show of what comes, stored or not: the newest of everything, and no promise. Thread-safe.
class Live {
 public:
  explicit Live(const common::Clock& clock) : rows_(clock), views_(clock) {}

  /// Every message, as it comes. What was captured during an outage is no news.
  void take(const common::Message& message, common::Kind kind) {
    if (message.only_shown()) ++(message.demo ? demo_ : live_);
    if (message.late) return;
    if (delivery_class(kind) == common::DeliveryClass::data) rows_.add(message);
    if (kind == common::Kind::event || kind == common::Kind::jpeg || kind == common::Kind::array) {
      views_.add(message, kind);
    }
  }

  const LiveRows& rows() const { return rows_; }
  const LiveViews& views() const { return views_; }

  /// Messages since the start that were only shown.
  std::uint64_t live_messages() const { return live_; }
  std::uint64_t demo_messages() const { return demo_; }

 private:
  LiveRows rows_;
  LiveViews views_;
  std::atomic<std::uint64_t> live_{0};
  std::atomic<std::uint64_t> demo_{0};
};

}  // namespace imagehub
