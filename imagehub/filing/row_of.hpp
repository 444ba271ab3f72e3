#pragma once

#include <cstdint>
#include <optional>

#include "common/message.hpp"
#include "imagehub/index/index.hpp"

/// What a message becomes in the index. Thread-safe.
namespace imagehub {

/// Nothing for plain senders' messages and the hub's own.
std::optional<Identity> identity_of(const common::Message& message);

/// The sender's capture time; when it has none or its clock is not set, its age at sending before our receive time.
std::int64_t capture_time(const common::Message& message, std::int64_t received_ns);

/// All that a row takes from its message.
void fill(RowBase& row, const common::Message& message, std::int64_t received_ns);

}  // namespace imagehub
