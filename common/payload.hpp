#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace common {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Read-only bytes together with whatever keeps them alive (a vector, a received ZeroMQ frame).
/// Copying shares the bytes. Thread-safe as far as the bytes are never changed, which is the rule.
class Payload {
 public:
  Payload() = default;
  Payload(ByteView view, std::shared_ptr<const void> owner) : view_(view), owner_(std::move(owner)) {}
  explicit Payload(Bytes bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    view_ = *owner;
    owner_ = std::move(owner);
  }

  ByteView view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  ByteView view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace common
