#pragma once

#include <compare>
#include <cstdint>

#include "common/message.hpp"

namespace imagenode {

/// What tells a stored message from all others. Boots are random: their order means nothing.
struct Identity {
  std::uint64_t boot = 0;
  std::uint64_t seq = 0;
  auto operator<=>(const Identity&) const = default;
};

inline Identity identity_of(const common::Message& message) {
  return {message.boot.value_or(0), message.seq.value_or(0)};
}

inline common::DeliveryClass class_of(const common::Message& message) {
  return common::delivery_class(common::kind_of(message.text, true));
}

}  // namespace imagenode
