#pragma once

#include <cstdint>
#include <optional>

#include "common/message.hpp"
#include "imagehub/index/index.hpp"

/// What a message becomes in the index. Thread-safe.
namespace imagehub {

/// Nothing for plain senders' messages and the hub's own.
std::optional<Identity> identity_of(const common::Message& message);

/// All that a row takes from its message.
void fill(RowBase& row, const common::Message& message, std::int64_t received_ns);

}  // namespace imagehub
