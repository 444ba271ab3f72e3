#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "imagehub/index/index.hpp"

namespace imagehub {

/// The newest event behind row `after` that is wanted; looks backwards. Bound to the thread of the index.
std::optional<EventRow> newest_event(Index& index, std::int64_t after,
                                     const std::function<bool(const EventRow&)>& wanted);

}  // namespace imagehub
